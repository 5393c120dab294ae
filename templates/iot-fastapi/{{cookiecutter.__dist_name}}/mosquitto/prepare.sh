#!/bin/sh
# Makes Mosquitto's certificate at the first start, and its data its own. The certificate is made
# again when it expires within 60 days; one that you put there stays: the copy beside it tells which
# one is ours. 1883 is Mosquitto in its image; nobody else may read the key.
set -eu
ours=/tls/.self-signed.crt
# A fresh volume has the owner that the folder has in Mosquitto's image, and would be given
# it again as long as it is empty. Root without further rights writes only to what it owns.
if [ ! -e /data/.prepared ]; then
  chown 0:0 /data
  touch /data/.prepared
  chown 1883:1883 /data
fi
if [ -s /tls/tls.crt ]; then
  if ! cmp -s "$ours" /tls/tls.crt || openssl x509 -in /tls/tls.crt -noout -checkend 5184000; then
    exit 0
  fi
fi
rm -f /tls/tls.key
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
  -subj "/CN=$SITE_HOST" \
  -addext "subjectAltName=DNS:mosquitto,DNS:$SITE_HOST,DNS:localhost,IP:127.0.0.1" \
  -keyout /tls/tls.key -out /tmp/tls.crt 2>/dev/null
chmod 0400 /tls/tls.key
chown 1883:1883 /tls/tls.key
cp /tmp/tls.crt "$ours"
cp /tmp/tls.crt /tls/tls.crt
