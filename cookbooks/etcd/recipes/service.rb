# The unit, and its first start. A member that already runs is never restarted from here.
template '/etc/systemd/system/etcd.service' do
  source 'etcd.service.erb'
  owner 'root'
  group 'root'
  mode '0644'
  variables(etcd: node['etcd'])
end

# Systemd itself is asked, because a converge may have ended between the file and this; a unit it
# never loaded needs no reload.
execute 'systemctl daemon-reload' do
  only_if 'systemctl show --property NeedDaemonReload --value etcd | grep -qx yes'
end

# Whoever adds members joins it later; the unit has its files until then, and is not enabled.
staged = '/usr/local/lib/etcd-node/etcd-preflight --staged'
execute 'staged' do
  command staged
  live_stream true
  only_if staged
end

# The unit asks the same again. Here its refusal fails the converge, with its reasons in the log. A
# member of an older release is noted on its data disk by this.
execute 'preflight before the first start' do
  command '/usr/local/lib/etcd-node/etcd-preflight'
  live_stream true
  not_if '/usr/local/lib/etcd-node/etcd-preflight --settled'
  not_if staged
end

service 'etcd' do
  action :enable
  not_if staged
end

# Not `service :start`: a founder is ready only when it has a quorum, and waiting for that would
# block one node on the others.
execute 'start etcd' do
  command 'systemctl start --no-block etcd'
  not_if 'systemctl show --property ActiveState --value etcd | ' \
         'grep -Eqx "active|activating|reloading"'
  not_if staged
end

execute 'configuration changed; not applied until this member is restarted' do
  command '/usr/local/lib/etcd-node/etcd-applied explain'
  live_stream true
  only_if '/usr/local/lib/etcd-node/etcd-applied differs'
end
