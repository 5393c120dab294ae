#!/bin/sh
# Makes a self-signed certificate at the first start. One that is there already stays.
set -eu
if [ -s /tls/tls.crt ]; then
  exit 0
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
  -subj "/CN=$SITE_HOST" -addext "subjectAltName=DNS:$SITE_HOST,DNS:localhost,IP:127.0.0.1" \
  -keyout /tls/tls.key -out /tmp/tls.crt 2>/dev/null
# 101 is nginx in its image; nobody else may read the key.
chmod 0400 /tls/tls.key
chown 101:101 /tls/tls.key
cp /tmp/tls.crt /tls/tls.crt
