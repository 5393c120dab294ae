#!/bin/sh
# Makes Mosquitto's certificate at the first start, and its data its own. What is there
# already stays. 1883 is Mosquitto in its image; nobody else may read the key.
set -eu
# An empty volume would be given the owner that the folder has in Mosquitto's image.
touch /data/.prepared
chown 1883:1883 /data
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
