#!/bin/sh
# Takes from a fresh machine image what must differ between machines, and what only slows the boot
# down.
set -eu

# Every machine makes its own identity at its first boot.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: > /etc/machine-id

# Nothing of this works or matters in a container; each costs boot time or a failed unit.
systemctl mask --quiet \
  apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer dpkg-db-backup.timer man-db.timer systemd-tmpfiles-clean.timer \
  getty.target console-getty.service systemd-logind.service \
  systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service \
  systemd-networkd-wait-online.service systemd-modules-load.service \
  systemd-firstboot.service systemd-resolved.service systemd-timesyncd.service \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount \
  nftables.service ssh.socket
systemctl enable --quiet ssh.service
systemctl set-default --quiet multi-user.target

# The image is up to date by definition: no rebuilding of caches at the first boot
# (ConditionNeedsUpdate).
ldconfig
touch /etc/.updated /var/.updated

# The journal stays in memory: a machine of the lab lives for minutes.
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n' > /etc/systemd/journald.conf.d/lab.conf

# DNS of a VPC has no reverse answers for everything; sshd must not wait for one.
printf 'UseDNS no\nGSSAPIAuthentication no\n' > /etc/ssh/sshd_config.d/lab.conf
