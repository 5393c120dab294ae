#!/bin/sh
# What the public image's script answers with --connect --innodb_initialized: the server takes connections over TCP.
exec mariadb --protocol=tcp --host=127.0.0.1 --user=healthcheck --password=healthcheck --execute="SELECT 1" >/dev/null
