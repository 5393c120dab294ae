#!/bin/sh
# The public image's contract, as far as our stacks use it: MARIADB_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD,
# MARIADB_DATABASE, MARIADB_USER and MARIADB_PASSWORD; as root it steps down to mysql, as mysql it just runs.
set -eu
data=/var/lib/mysql
if [ "$(id -u)" = 0 ]; then
  chown mysql:mysql "$data"
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
if [ ! -d "$data/mysql" ]; then
  if [ -z "${MARIADB_ROOT_PASSWORD:-}${MARIADB_RANDOM_ROOT_PASSWORD:-}" ]; then
    echo "set MARIADB_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD" >&2
    exit 1
  fi
  mariadb-install-db --datadir="$data" --skip-test-db --auth-root-authentication-method=normal >/dev/null
  root=${MARIADB_ROOT_PASSWORD:-$(openssl rand -hex 24)}
  # Bootstrap mode reads SQL, a statement per line, without a network or grant tables; FLUSH loads the tables that GRANT writes to.
  {
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER root@localhost IDENTIFIED BY '$root';"
    echo "CREATE USER root@'%' IDENTIFIED BY '$root';"
    echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    echo "CREATE USER healthcheck@localhost IDENTIFIED BY 'healthcheck';"
    [ -z "${MARIADB_DATABASE:-}" ] || echo "CREATE DATABASE \`$MARIADB_DATABASE\`;"
    [ -z "${MARIADB_USER:-}" ] || printf '%s\n' "CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';" \
      "GRANT ALL ON \`${MARIADB_DATABASE:-none}\`.* TO '$MARIADB_USER'@'%';"
  } | mariadbd --datadir="$data" --bootstrap
fi
[ "$1" = mariadbd ] && set -- "$@" --datadir="$data" --bind-address=0.0.0.0
exec "$@"
