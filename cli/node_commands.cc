// What people do to nodes beyond the contract's operations: take a spot node away, break one, bring it back. On a
// running emulator, through its own pages; else on the embedded backend.
#include "cli/node_commands.h"

#include <fmt/format.h>

#include <fstream>

#include "backends/http/http_client.h"
#include "cli/commands.h"
#include "cli/template_files.h"
#include "core/base/encoding.h"
#include "emulator/own/node_pages.h"

namespace batchite::cli {
namespace {

struct NodeFlags {
  std::string pool, node, notice, away, code, message;
  std::string ready_file, batch_url;
};

struct Verb {
  NodeFault::Kind kind;
  const char* name;
  const char* summary;
};
constexpr Verb kVerbs[] = {
    {NodeFault::Kind::Preempt, "preempt", "Take a spot node away, as Azure does when it needs the capacity"},
    {NodeFault::Kind::Fail, "fail", "Make a node unusable"},
    {NodeFault::Kind::Recover, "recover", "Boot an unusable node again"},
};

std::string url_of(const std::string& base, const Verb& verb, const NodeFault& fault) {
  std::string url = fmt::format("{}/_batchite/nodes/{}/{}/{}?", base, percent_encode(fault.pool_id),
                                percent_encode(fault.node_id), verb.name);
  const auto add = [&url](const char* name, const std::string& value) {
    if (!value.empty()) url += fmt::format("{}={}&", name, percent_encode(value));
  };
  if (fault.notice > Ticks::zero()) add("notice", iso8601_duration(fault.notice));
  if (fault.away > Ticks::zero()) add("away", iso8601_duration(fault.away));
  add("code", fault.code);
  add("message", fault.message);
  url.pop_back();
  return url;
}

void ask_emulator(const std::string& base, const Verb& verb, const NodeFault& fault) {
  HttpClient client({.attempts = 1});
  const HttpAnswer answer = client.post(url_of(base, verb, fault), {{std::string(kControlHeader), "true"}}, "");
  if (answer.ok()) return;
  if (answer.status == 0) {
    throw UsageError(fmt::format("{}: no emulator answers ({}); start one, or name it with --ready-file or --batch-url",
                                 base, answer.error));
  }
  const Document body = Document::parse(answer.body, nullptr, false);
  const Reader error = body.is_object() ? Reader(body).object("error") : Reader(body);
  throw Error(answer.status, body.is_object() ? error.text("code") : "Unexpected",
              body.is_object() ? error.text("message") : answer.body);
}

int inflict(Program& program, const Verb& verb, const NodeFlags& flags) {
  const NodeFault fault{.kind = verb.kind,
                        .pool_id = flags.pool,
                        .node_id = flags.node,
                        .notice = parse_delay(flags.notice, "--notice"),
                        .away = parse_delay(flags.away, "--away"),
                        .code = flags.code,
                        .message = flags.message};
  const std::string base = flags.ready_file.empty() ? flags.batch_url : read_ready_file(flags.ready_file).batch_url;
  if (base.empty()) {
    program.backend().inflict(fault);
  } else {
    ask_emulator(base, verb, fault);
  }
  return kOk;
}

}  // namespace

void declare_preemptions(CLI::App& command, PreemptionFlags& flags) {
  command.add_option("--preempt-every", flags.every, "Take spot nodes away now and then, this often on average")
      ->type_name("DURATION");
  command.add_option("--preempt-notice", flags.notice, "How long before they are told")->type_name("DURATION");
  command.add_option("--preempt-away", flags.away, "How long until there is capacity again")->type_name("DURATION");
  command.add_option("--preempt-seed", flags.seed, "The same seed takes them at the same times")->type_name("N");
}

PreemptionPlan preemptions_of(const PreemptionFlags& flags) {
  return {.every = parse_delay(flags.every, "--preempt-every"),
          .notice = parse_delay(flags.notice, "--preempt-notice"),
          .away = parse_delay(flags.away, "--preempt-away"),
          .seed = flags.seed};
}

Addresses read_ready_file(const std::string& path) {
  Addresses found;
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word.starts_with("batch=")) found.batch_url = word.substr(6);
    if (word.starts_with("blob=")) found.blob_url = word.substr(5);
  }
  if (found.batch_url.empty() || found.blob_url.empty())
    throw UsageError(path + ": no emulator has written its addresses here (start --ready-file)");
  return found;
}

void declare_nodes(Program& program) {
  CLI::App* nodes = program.app().get_subcommand("node");
  for (const Verb& verb : kVerbs) {
    CLI::App* command = program.add(*nodes, verb.name, verb.summary);
    auto flags = std::make_shared<NodeFlags>();
    command->add_option("pool", flags->pool)->required()->type_name("");
    command->add_option("node", flags->node)->required()->type_name("");
    if (verb.kind == NodeFault::Kind::Preempt) {
      command->add_option("--notice", flags->notice, "How long before it is told")->type_name("DURATION");
      command->add_option("--away", flags->away, "How long until there is capacity again")->type_name("DURATION");
    }
    if (verb.kind == NodeFault::Kind::Fail) {
      command->add_option("--code", flags->code, "Of the error that it shows")->type_name("CODE");
      command->add_option("--message", flags->message, "Likewise")->type_name("TEXT");
    }
    command->add_option("--ready-file", flags->ready_file, "Of a running emulator: what `start --ready-file` wrote")
        ->type_name("FILE");
    command->add_option("--batch-url", flags->batch_url, "Of a running emulator")->type_name("URL");
    program.on_chosen(command, [&program, &verb, flags] { return inflict(program, verb, *flags); });
  }
}

}  // namespace batchite::cli
