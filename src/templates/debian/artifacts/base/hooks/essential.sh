#!/bin/sh
# mmdebstrap runs this before it installs non-essential packages; $1 is the tree. openssh-server generates no host keys
# where it finds some: that would take seconds, and customize.sh removes them anyway.
set -eu
install -d -m 0755 "$1/etc/ssh"
for kind in rsa ecdsa ed25519; do
  : > "$1/etc/ssh/ssh_host_${kind}_key"
done
