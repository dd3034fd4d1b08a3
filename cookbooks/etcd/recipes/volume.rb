# Where the data lives: a volume of its own when one is named, else a plain directory.
etcd = node['etcd']

group 'etcd' do
  system true
end

user 'etcd' do
  gid 'etcd'
  system true
  home '/var/lib/etcd'
  shell '/usr/sbin/nologin'
  manage_home false
end

# What this node knows of itself; on the root disk, so that it outlives the data.
%w(/usr/local/lib/etcd-node /var/lib/etcd-node).each do |dir|
  directory dir do
    owner 'root'
    group 'root'
    mode '0755'
  end
end

# Without its volume mounted the mount point lets nobody write, so that no member is ever made on
# the root disk.
directory '/var/lib/etcd' do
  owner 'root'
  group 'root'
  mode etcd['volume'].empty? ? '0755' : '0000'
  not_if 'mountpoint -q /var/lib/etcd'
end

unless etcd['volume'].empty?
  device = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_#{etcd['volume'].delete('-')}"

  cookbook_file '/usr/local/lib/etcd-node/etcd-volume' do
    source 'etcd-volume'
    owner 'root'
    group 'root'
    mode '0755'
  end

  execute "data volume #{etcd['volume']}" do
    command "/usr/local/lib/etcd-node/etcd-volume prepare #{device} #{etcd['volume_timeout']}"
    live_stream true
    not_if "/usr/local/lib/etcd-node/etcd-volume is-mounted #{device}"
  end

  %w(var-lib-etcd.mount etcd-volume.service).each do |unit|
    template "/etc/systemd/system/#{unit}" do
      source "#{unit}.erb"
      owner 'root'
      group 'root'
      mode '0644'
      variables(device: device, timeout: etcd['volume_timeout'])
    end
  end

  execute 'systemctl daemon-reload for the data volume' do
    command 'systemctl daemon-reload'
    only_if 'systemctl show --property NeedDaemonReload --value ' \
            'var-lib-etcd.mount etcd-volume.service | grep -qx yes'
  end

  execute 'mount the data volume' do
    command 'systemctl start var-lib-etcd.mount'
    not_if 'mountpoint -q /var/lib/etcd'
  end
end

directory '/var/lib/etcd/data' do
  owner 'etcd'
  group 'etcd'
  mode '0700'
end

# A volume outlives its machine, and the next image may give the user etcd another number.
execute 'data of an etcd with another number' do
  command 'chown -R etcd:etcd /var/lib/etcd/data'
  only_if 'find /var/lib/etcd/data \( ! -user etcd -o ! -group etcd \) -print -quit | grep -q .'
end
