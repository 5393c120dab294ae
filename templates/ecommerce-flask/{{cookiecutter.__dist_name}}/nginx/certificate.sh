#!/bin/sh
# Makes a self-signed certificate at the first start, and a new one at a start within 30 days of
# its end: `docker compose up -d --wait && docker compose restart nginx`. One that you put there
# stays: the copy beside it tells which one is ours.
set -eu
ours=/tls/.self-signed.crt
if [ -s /tls/tls.crt ]; then
  if ! cmp -s "$ours" /tls/tls.crt || openssl x509 -in /tls/tls.crt -noout -checkend 2592000; then
    exit 0
  fi
fi
rm -f /tls/tls.key
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
  -subj "/CN=$SITE_HOST" -addext "subjectAltName=DNS:$SITE_HOST,DNS:localhost,IP:127.0.0.1" \
  -keyout /tls/tls.key -out /tmp/tls.crt 2>/dev/null
# 101 is nginx in its image; nobody else may read the key.
chmod 0400 /tls/tls.key
chown 101:101 /tls/tls.key
cp /tmp/tls.crt "$ours"
cp /tmp/tls.crt /tls/tls.crt
