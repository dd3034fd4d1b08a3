#!/bin/sh
# Turns the namespaces it is started in into a host of their own and runs a command there
# (tests/secondHost.ts):
#   unshare --mount --net --pid --fork --kill-child --mount-proc \
#     sh secondHost.sh WORK PROJECT COMMAND...
# PROJECT is seen at WORK/project, with a .lab of its own; podman has a store of its own and reads
# the host's images.
set -eu
work=$1 project=$2
shift 2
mkdir -p "$work/cgroup" "$work/images" "$work/project" "$work/run" "$work/store"

# /sys/class/net shows the network namespace that sysfs was mounted in; what is mounted below it
# comes along.
mount --rbind /sys/fs/cgroup "$work/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$work/cgroup" /sys/fs/cgroup

# What podman, iproute2 and the lab keep in /run and /dev/shm is about this host; the rest (systemd,
# D-Bus) is the host's.
mount --rbind /run "$work/run"
mount -t tmpfs tmpfs /run
for entry in "$work"/run/*; do
  name=${entry##*/}
  case $name in containers | crun | etcd-lab | libpod | mount | netns | runc) continue ;; esac
  if [ -L "$entry" ]; then cp -P "$entry" "/run/$name"
  elif [ -d "$entry" ]; then mkdir "/run/$name" && mount --rbind "$entry" "/run/$name"
  else : > "/run/$name" && mount --bind "$entry" "/run/$name"; fi
done
mount -t tmpfs tmpfs /dev/shm

mount --bind /var/lib/containers/storage "$work/images"
mount --bind "$work/store" /var/lib/containers/storage
cat > "$work/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
[storage.options]
additionalimagestores = ["$work/images"]
END

# Not the checkout as a whole: whoever removes the .lab there would take away what is mounted on it
# here.
for entry in "$project"/* "$project"/.[!.]*; do
  name=${entry##*/}
  case $name in .lab | .lab-2) continue ;; esac
  if [ -d "$entry" ]; then
    mkdir "$work/project/$name" && mount --bind "$entry" "$work/project/$name"
  else
    cp -pP "$entry" "$work/project/$name"
  fi
done
ip link set lo up
cd "$work/project"
export CONTAINERS_STORAGE_CONF="$work/storage.conf"
exec "$@"
