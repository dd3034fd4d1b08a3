# What a plain Chef cookbook needs beyond itamae 1.14, and nothing more. Here: attribute files,
# include_recipe by name, delayed notifications at the end of the run, the count of what changed.
# Beside it: the resources.
require 'json'

module ChefCompat
  Resource = ::Itamae::Resource
end

require_relative 'local_files'
require_relative 'chef_resources'

module ChefCompat
  # `default[...] = ` and `node[...]` of an attribute file.
  class AttributeFile
    attr_reader :default

    def initialize(node)
      @node = node
      @default = Hash.new { |hash, key| hash[key] = Hash.new(&hash.default_proc) }
    end

    def node
      @node.reverse_merge(@default)
    end
  end

  # A cookbook's attribute files are read before the first of its recipes; what the node's JSON says
  # wins.
  module ReadsAttributes
    def load(variables = {})
      seen = runner.instance_variable_get(:@attribute_files) ||
             runner.instance_variable_set(:@attribute_files, [])
      files = Dir[::File.expand_path('../../attributes/*.rb', path)] - seen
      files.sort_by { |file| [file.end_with?('/default.rb') ? 0 : 1, file] }.each do |file|
        seen << file
        attributes = AttributeFile.new(runner.node)
        attributes.instance_eval(::File.read(file), file)
        runner.node.reverse_merge!(attributes.default)
      end
      super
    end
  end

  # Delayed notifications wait for the end of the run, not of their recipe, and a failure does not
  # drop them.
  module EndOfRun
    def delayed_notifications
      equal?(outermost) ? @delayed_notifications : outermost.delayed_notifications
    end

    def run
      super
    rescue SystemExit, StandardError
      run_delayed_notifications if equal?(outermost)
      raise
    end

    private

    def outermost
      runner.children.last
    end

    def run_delayed_notifications
      super if equal?(outermost)
    end
  end
  ::Itamae::Recipe.prepend(ReadsAttributes, EndOfRun)

  module IncludesByName
    def include_recipe(name)
      cookbook, recipe = name.split('::')
      file = "../../../#{cookbook}/recipes/#{recipe || 'default'}.rb"
      super(::File.expand_path(file, @recipe.path))
    end
  end
  ::Itamae::Recipe::EvalContext.prepend(IncludesByName)

  # How many resources changed something: the figure Chef prints at the end.
  module Counts
    def updated
      @updated || 0
    end

    def diff_found!
      @updated = updated + 1
      super
    end
  end
  ::Itamae::Runner.prepend(Counts)
end
