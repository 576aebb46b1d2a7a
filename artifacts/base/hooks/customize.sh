#!/bin/sh
# Run by mmdebstrap on the finished tree ($1): takes out what would differ between two builds, or tell of the host.
set -eu
here=$(dirname "$0")
cd "$1"

# made anew at the first boot, or by the running system
rm -f etc/ssh/ssh_host_* etc/hostname var/lib/systemd/random-seed
: > etc/machine-id
chmod 0444 etc/machine-id
rm -f var/lib/dbus/machine-id

# of the host: mmdebstrap copies its resolv.conf, of which systemd-resolved keeps a copy
[ -L etc/resolv.conf ] || rm -f etc/resolv.conf
rm -f etc/.resolv.conf.systemd-resolved.bak

# of the build: where its packages lay, its settings for apt, its logs, copies of files as they were before
rm -rf etc/apt/sources.list.d/*
rm -f etc/apt/apt.conf.d/99mmdebstrap
install -m 0644 "$here/sources.list" etc/apt/sources.list
rm -f var/log/dpkg.log var/log/bootstrap.log var/log/alternatives.log var/log/apt/*
rm -f var/cache/ldconfig/aux-cache var/cache/debconf/*-old var/lib/dpkg/*-old
rm -f etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/subuid- etc/subgid- etc/xml/*.old

# apt's lists and cache; its own way to clean them gives directories to the user that _apt is on the host
rm -rf var/lib/apt/lists/* var/cache/apt/*.bin var/cache/apt/archives/*
apt=$(sed -n 's/^_apt:[^:]*:\([0-9]*\):.*/\1/p' etc/passwd)
install -d -m 0700 -o "$apt" -g 0 var/lib/apt/lists/partial var/cache/apt/archives/partial

# what systemd-tmpfiles makes, as it does at every boot: here it works only where /proc can be mounted, which a plain
# container does not allow
rm -rf etc/mtab root/.ssh run/lock/subsys var/cache/private var/lib/private var/log/private var/log/README
rm -rf var/lib/systemd/coredump var/lib/systemd/pstore var/log/journal
journal=$(sed -n 's/^systemd-journal:[^:]*:\([0-9]*\):.*/\1/p' etc/group)
install -d -m 2755 -o 0 -g "$journal" var/log/journal
