# Attributes that cannot work are refused before anything on the machine is touched, all of them at
# once.
etcd = node['etcd']
label = /\A[a-z0-9]([a-z0-9-]*[a-z0-9])?\z/
problems = []

unless etcd['domain'].to_s.split('.').length > 1 && etcd['domain'].split('.').all?(label)
  problems << 'domain: the DNS domain of the cluster is needed, in lower case and without a dot ' \
              "at its end (got #{etcd['domain'].inspect})"
end
unless etcd['name'].to_s.match?(label)
  problems << "name: a DNS label is needed (got #{etcd['name'].inspect})"
end
unless etcd['members'].empty? || etcd['members'].key?(etcd['name'])
  problems << "members: #{etcd['name']}, this node, is not among them " \
              "(got #{etcd['members'].keys.sort.join(', ')})"
end
unless etcd['volume'].empty? || etcd['volume'].match?(/\Avol-[0-9a-z]+\z/)
  problems << 'volume: the id of an EBS volume such as vol-0abc is needed, or nothing ' \
              "(got #{etcd['volume'].inspect})"
end
unless %w(new existing).include?(etcd['initial_state'])
  problems << "initial_state: new or existing (got #{etcd['initial_state'].inspect})"
end
unless [true, false].include?(etcd['tickets'])
  problems << "tickets: true or false (got #{etcd['tickets'].inspect})"
end
unless [true, false].include?(etcd['joins'])
  problems << "joins: true or false (got #{etcd['joins'].inspect})"
end
if etcd['joins'] && !etcd['tickets']
  problems << 'joins: a node joins by a ticket, so tickets must be true, too ' \
              "(got #{etcd['tickets'].inspect})"
end
unless %w(pinned mirror).include?(etcd['checksums'])
  problems << "checksums: pinned or mirror (got #{etcd['checksums'].inspect})"
end
arch = { 'x86_64' => 'amd64', 'aarch64' => 'arm64' }[node['kernel']['machine']]
unless arch
  problems << 'etcd is released for x86_64 and aarch64 ' \
              "(this machine is #{node['kernel']['machine']})"
end
if arch && etcd['checksums'] == 'pinned' && !etcd['sha256'][arch].to_s.match?(/\A[0-9a-f]{64}\z/)
  problems << "sha256: the digest of etcd #{etcd['version']} for #{arch} is needed, " \
              "or checksums 'mirror' (got #{etcd['sha256'][arch].inspect})"
end
if etcd['tls']
  folders = ['/etc/etcd/pki', etcd['pki']].reject(&:empty?)
  missing = %w(ca.crt member.crt member.key).reject do |file|
    folders.any? { |folder| ::File.exist?("#{folder}/#{file}") }
  end
  unless missing.empty?
    problems << "tls: certificates are needed, #{missing.join(', ')} in /etc/etcd/pki or in the " \
                "folder that the attribute pki names (got #{etcd['pki'].inspect})"
  end
end
unless ::File.exist?('/usr/bin/python3')
  problems << 'the programs that guard the first start need /usr/bin/python3, which is not on ' \
              'this machine'
end

unless problems.empty?
  raise ArgumentError, "attributes of the etcd cookbook:\n  #{problems.join("\n  ")}"
end
