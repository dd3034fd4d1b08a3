#!/bin/sh
# Makes or removes the device nodes of a volume inside a machine, named as Nitro instances name
# them.
#   device.sh add NUMBER MAJOR MINOR VOLUME      device.sh remove NUMBER VOLUME
set -eu
verb=$1 device=/dev/nvme${2}n1 links=/dev/disk/by-id
case $verb in
  add)
    mkdir -p "$links"
    rm -f "$device"
    mknod -m 660 "$device" b "$3" "$4"
    chgrp disk "$device"
    ln -sfn "../../nvme${2}n1" "$links/nvme-Amazon_Elastic_Block_Store_$5"
    ;;
  remove)
    rm -f "$device" "$links/nvme-Amazon_Elastic_Block_Store_$3"
    ;;
esac
