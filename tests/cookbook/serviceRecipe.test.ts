// What the recipe of the unit does, by what its guards answer, read with a stand-in for Chef's
// resources. Does not prove what a guard's command answers (firstStart and joinStart do), nor Chef
// itself: tests/lab runs it.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test from "node:test";
import { ruby } from "../ruby.ts";
import { cookbookFolder } from "./files.ts";
import { needsRuby } from "./render.ts";

/** Prints the resources that act, when exactly the guards that match one of `true` hold. */
const program = `require 'json'
  given = JSON.parse($stdin.read)
  HOLD = given['true']
  class Resource
    def initialize; @acts = true; end
    def acts?; @acts; end
    def only_if(command); @acts &&= holds?(command); end
    def not_if(command); @acts &&= !holds?(command); end
    def method_missing(*); end
    def holds?(command); HOLD.any? { |part| command.include?(part) }; end
  end
  ACTING = []
  %i(template execute service).each do |kind|
    define_method(kind) do |name, &block|
      resource = Resource.new
      resource.instance_eval(&block)
      ACTING << name if resource.acts?
    end
  end
  def node; Hash.new { {} }; end
  eval(given['recipe'])
  puts JSON.generate(ACTING)`;

const unit = "/etc/systemd/system/etcd.service";
const check = "preflight before the first start";
for (const [name, holds, acts] of [
  ["a first start", [], [unit, check, "etcd", "start etcd"]],
  ["a member that is stopped", ["--settled"], [unit, "etcd", "start etcd"]],
  ["a member that runs", ["--settled", "ActiveState"], [unit, "etcd"]],
  ["a node that waits to be joined", ["--staged"], [unit, "staged"]],
] as const)
  test(`the recipe on ${name}`, needsRuby, async () => {
    const recipe = await fs.readFile(path.join(cookbookFolder, "recipes/service.rb"), "utf8");
    const said = await ruby(program, JSON.stringify({ recipe, true: holds }));
    assert.deepEqual(JSON.parse(said), acts);
  });
