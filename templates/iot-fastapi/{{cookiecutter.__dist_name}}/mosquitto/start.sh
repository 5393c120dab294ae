#!/bin/sh
# Starts Mosquitto; at the first start also makes the platform's own user of the broker.
set -eu
state=/mosquitto/data/dynamic-security.json
if [ ! -s "$state" ]; then
  # mosquitto_ctrl writes what only its user may read.
  umask 077
  mosquitto_ctrl dynsec init "$state" platform "$MQTT_PASSWORD" >/dev/null
  test -s "$state" # it says nothing of a failure in its exit code
fi
for plugin in /usr/lib/mosquitto_dynamic_security.so /usr/lib/*/mosquitto_dynamic_security.so; do
  if [ -e "$plugin" ]; then
    break
  fi
done
sed "s|@PLUGIN@|$plugin|" /mosquitto/config/mosquitto.conf > /tmp/mosquitto.conf
unset MQTT_PASSWORD
exec mosquitto -c /tmp/mosquitto.conf
