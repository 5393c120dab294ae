# A stand-in for the public `mariadb:11.8` where only package registries are reached: Debian's own
# MariaDB 11.8 behind the same environment variables, paths and health check.
#   docker build -f mariadb.Dockerfile -t mariadb:11.8 .
# hadolint ignore=DL3006
FROM rig/base
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server \
    && rm -rf /var/lib/apt/lists/* /var/lib/mysql \
    && install --directory --owner=mysql --group=mysql --mode=0700 /var/lib/mysql \
    && install --directory --owner=mysql --group=mysql /run/mysqld
COPY mariadb-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
COPY mariadb-healthcheck.sh /usr/local/bin/healthcheck.sh
VOLUME /var/lib/mysql
EXPOSE 3306
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["mariadbd"]
