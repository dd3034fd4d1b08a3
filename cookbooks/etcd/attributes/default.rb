# Only node['etcd']['domain'] must be given. README.md says what each attribute does.
default['etcd']['domain'] = ''
default['etcd']['name'] = node['hostname'].to_s.split('.').first
default['etcd']['members'] = {}
default['etcd']['address'] = ''

default['etcd']['version'] = '3.6.14'
default['etcd']['mirror'] = 'https://github.com/etcd-io/etcd/releases/download'
default['etcd']['checksums'] = 'pinned'
pinned = {
  '3.6.14' => {
    'amd64' => 'ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5',
    'arm64' => 'fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e',
  },
}
default['etcd']['sha256'] = pinned.fetch(node['etcd']['version'], {})

default['etcd']['volume'] = ''
default['etcd']['volume_timeout'] = 300

default['etcd']['tls'] = true
default['etcd']['pki'] = ''
default['etcd']['peer_port'] = 2380
default['etcd']['client_port'] = 2379
default['etcd']['token'] = "etcd-#{node['etcd']['domain']}"
default['etcd']['initial_state'] = 'new'
default['etcd']['tickets'] = false
default['etcd']['joins'] = false
default['etcd']['dns_timeout'] = 60

default['etcd']['quota_backend_bytes'] = 2 * 1024**3
default['etcd']['auto_compaction_retention'] = '1h'
