# The configuration file, and what the node must see in DNS before its first start.
etcd = node['etcd']
scheme = etcd['tls'] ? 'https' : 'http'
addresses = [etcd['address'], etcd['members'][etcd['name']], node['ipaddress'], '0.0.0.0']
address = addresses.find { |candidate| !candidate.to_s.empty? }

directory '/etc/etcd' do
  owner 'root'
  group 'etcd'
  mode '0750'
end

include_recipe 'etcd::pki' if etcd['tls']

template '/etc/etcd/etcd.yaml' do
  source 'etcd.yaml.erb'
  owner 'root'
  group 'etcd'
  mode '0640'
  variables(etcd: etcd, scheme: scheme, address: address, host: "#{etcd['name']}.#{etcd['domain']}")
end

template '/etc/etcd/preflight.json' do
  source 'preflight.json.erb'
  owner 'root'
  group 'root'
  mode '0640'
  variables(etcd: etcd, address: address)
end

# What they import before what imports it: a converge may be cut short anywhere.
%w(
  dns_query.py dns_gate.py resolver.py durable.py wal.py membership.py ticket.py start_file.py
  node.py etcd-applied etcd-preflight etcd-look etcd-join etcd-retire
).each do |name|
  cookbook_file "/usr/local/lib/etcd-node/#{name}" do
    source name
    owner 'root'
    group 'root'
    mode name.end_with?('.py') ? '0644' : '0755'
  end
end
