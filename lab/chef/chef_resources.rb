# Chef's resources under itamae 1.14: its places for templates and files, remote_file with a
# checksum, several guards and blocks as guards, a few properties. A Chef property not known here
# stays an error, never a silent skip.
require 'digest'
require 'open-uri'
require 'tempfile'

module ChefCompat
  # Chef's cookbook_file is itamae's remote_file with another look-up.
  Resource.const_set(:CookbookFile, Class.new(Resource::RemoteFile))

  ACCEPTED = {
    Resource::Directory => %i(recursive),
    Resource::Execute => %i(live_stream),
    Resource::Group => %i(system),
    Resource::User => %i(system manage_home),
    Resource::File => %i(backup),
    Resource::Template => %i(backup cookbook),
    Resource::CookbookFile => %i(backup cookbook),
    Resource::RemoteFile => %i(backup checksum),
  }.freeze
  ACCEPTED.each do |resource, properties|
    properties.each { |property| resource.define_attribute(property, {}) }
  end
  # Without it `ln -s` would follow the old link instead of replacing it.
  Resource::Link.define_attribute(:force, default: true)

  # A resource may have several guards, and a guard may be a block.
  module CollectsGuards
    def only_if(command = nil, &block)
      (@only_if_command ||= []) << (command || block)
    end

    def not_if(command = nil, &block)
      (@not_if_command ||= []) << (command || block)
    end

    # Kernel#system would answer where Chef's property of that name is meant.
    def system(*arguments)
      method_missing(:system, *arguments)
    end
  end
  Resource::Base::EvalContext.prepend(CollectsGuards)

  # Guards run as root, whatever the resource itself does.
  module AsksGuards
    def do_not_run_because_of_only_if?
      Array(@only_if_command).any? { |guard| !holds?(guard) }
    end

    def do_not_run_because_of_not_if?
      Array(@not_if_command).any? { |guard| holds?(guard) }
    end

    private

    def holds?(guard)
      return guard.call if guard.respond_to?(:call)

      backend.run_command(guard, error: false).exit_status.zero?
    end
  end
  Resource::Base.prepend(AsksGuards)

  # Sources: a URL, or a file of the cookbook.
  module FindsSource
    private

    def find_source_file
      source = attributes.source
      return download(source) if source.to_s.match?(%r{\Ahttps?://})

      suffix = is_a?(Resource::Template) ? '.erb' : ''
      source = ::File.basename(attributes.path) + suffix if source == :auto
      candidates = %w(. default).map do |folder|
        ::File.expand_path("../#{source_file_dir}/#{folder}/#{source}", @recipe.dir)
      end
      candidates.find { |path| ::File.file?(path) } or
        raise Resource::RemoteFile::SourceNotFoundError, "no #{candidates.join(' or ')}"
    end

    def download(url)
      @download = Tempfile.new('download', runner.tmpdir, binmode: true)
      URI.parse(url).open('rb', open_timeout: 30, read_timeout: 60) do |body|
        IO.copy_stream(body, @download)
      end
      @download.close
      digest = Digest::SHA256.file(@download.path).hexdigest if attributes.checksum
      if digest != attributes.checksum
        raise "#{url} has the sha256 #{digest}, wanted #{attributes.checksum}"
      end

      @download.path
    rescue OpenURI::HTTPError, SystemCallError, SocketError, Timeout::Error => e
      raise "#{url} could not be fetched: #{e.message}"
    end

    def exists_and_not_modified?
      return super unless attributes.checksum && current.exist

      Digest::SHA256.file(attributes.path).hexdigest == attributes.checksum
    end
  end
  Resource::RemoteFile.prepend(FindsSource)

  # The whole of a new file is no news to the reader of a log.
  module ShortDiff
    private

    def show_content_diff
      super if current.exist
    end
  end
  Resource::File.prepend(ShortDiff)

  # Chef's names for two properties of a user.
  module ChefUser
    def action_create(options)
      attributes.system_user = attributes.system
      attributes.create_home = attributes.manage_home || false
      super
    end
  end
  Resource::User.prepend(ChefUser)

  module SystemGroup
    def action_create(options)
      return super if current.exist || !attributes.system

      run_specinfra(:add_group, attributes.groupname, gid: attributes.gid, system_group: true)
      updated!
    end
  end
  Resource::Group.prepend(SystemGroup)

  # What a command with live_stream writes is seen while it runs.
  module StreamsOutput
    def action_run(options)
      backend.streaming = attributes.live_stream
      super
    ensure
      backend.streaming = false
    end
  end
  Resource::Execute.prepend(StreamsOutput)

  module LogsStream
    attr_writer :streaming

    private

    # itamae's own mixes up lines that arrive in pieces.
    def reset_output_handler
      @buf = { 'stdout' => +'', 'stderr' => +'' }
      @buf.each do |name, rest|
        @backend.public_send("#{name}_handler=", lambda do |text|
          rest << text
          log_output_line(name, rest.slice!(0..rest.index("\n")).chomp) while rest.include?("\n")
        end)
      end
    end

    # At the end of a failed command itamae repeats its output as errors; what was streamed is not
    # said twice.
    def log_output_line(name, line, severity = :debug)
      if @streaming
        super(name, line, :info) if severity == :debug
      else
        super
      end
    end
  end
  ::Itamae::Backend::Base.prepend(LogsStream)
end
