#!/bin/sh
# Makes Mosquitto's certificate at the first start, and its data its own. What is there
# already stays. 1883 is Mosquitto in its image; nobody else may read the key.
set -eu
# A fresh volume has the owner that the folder has in Mosquitto's image, and would be given
# it again as long as it is empty. Root without further rights writes only to what it owns.
if [ ! -e /data/.prepared ]; then
  chown 0:0 /data
  touch /data/.prepared
  chown 1883:1883 /data
fi
if [ -s /tls/tls.crt ]; then
  exit 0
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
  -subj "/CN=$SITE_HOST" \
  -addext "subjectAltName=DNS:mosquitto,DNS:$SITE_HOST,DNS:localhost,IP:127.0.0.1" \
  -keyout /tls/tls.key -out /tmp/tls.crt 2>/dev/null
chmod 0400 /tls/tls.key
chown 1883:1883 /tls/tls.key
cp /tmp/tls.crt /tls/tls.crt
