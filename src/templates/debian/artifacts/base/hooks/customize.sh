#!/bin/sh
# mmdebstrap runs this on the finished tree, $1. It removes everything that differs between builds or reveals the host.
set -eu
here=$(dirname "$0")
cd "$1"

# the first boot or the running system creates these
rm -f etc/ssh/ssh_host_* etc/hostname var/lib/systemd/random-seed
: > etc/machine-id
chmod 0444 etc/machine-id
rm -f var/lib/dbus/machine-id

# from the host: mmdebstrap copies its resolv.conf, and systemd-resolved keeps a copy of that
[ -L etc/resolv.conf ] || rm -f etc/resolv.conf
rm -f etc/.resolv.conf.systemd-resolved.bak

# from the build: the source of its packages, its settings for apt, its logs, backups of changed files
rm -rf etc/apt/sources.list.d/*
rm -f etc/apt/apt.conf.d/99mmdebstrap
install -m 0644 "$here/sources.list" etc/apt/sources.list
rm -f var/log/dpkg.log var/log/bootstrap.log var/log/alternatives.log var/log/apt/*
rm -f var/cache/ldconfig/aux-cache var/cache/debconf/*-old var/lib/dpkg/*-old
rm -f etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/subuid- etc/subgid- etc/xml/*.old

# apt's lists and cache; `apt clean` would create directories that belong to the _apt of the host
rm -rf var/lib/apt/lists/* var/cache/apt/*.bin var/cache/apt/archives/*
apt=$(sed -n 's/^_apt:[^:]*:\([0-9]*\):.*/\1/p' etc/passwd)
install -d -m 0700 -o "$apt" -g 0 var/lib/apt/lists/partial var/cache/apt/archives/partial

# systemd-tmpfiles creates these at every boot; during the build it works only where /proc can be mounted, which a plain
# container does not allow
rm -rf etc/mtab root/.ssh run/lock/subsys var/cache/private var/lib/private var/log/private var/log/README
rm -rf var/lib/systemd/coredump var/lib/systemd/pstore var/log/journal
journal=$(sed -n 's/^systemd-journal:[^:]*:\([0-9]*\):.*/\1/p' etc/group)
install -d -m 2755 -o 0 -g "$journal" var/log/journal
