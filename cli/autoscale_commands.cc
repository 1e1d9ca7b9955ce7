// `autoscale eval`: what a formula does, statement by statement, and over a day of samples.
#include <fmt/format.h>

#include <fstream>
#include <ostream>

#include "backends/system/real.h"
#include "cli/autoscale_day.h"
#include "cli/autoscale_picture.h"
#include "cli/commands.h"
#include "cli/template_files.h"
#include "core/base/random.h"

namespace batchite::cli {
namespace {

struct EvalFlags {
  std::string formula, samples, now, interval = "PT15M", picture;
  int dedicated = 0, low_priority = 0;
  std::uint64_t seed = 1;
};

// The line of the text, with a mark below the column.
std::string shown_at(const std::string& text, int line, int column) {
  std::size_t begin = 0;
  for (int i = 1; i < line && begin != std::string::npos; ++i) begin = text.find('\n', begin) + 1;
  const std::string shown = text.substr(begin, text.find('\n', begin) - begin);
  return fmt::format("\n    {}\n    {:>{}}", shown, '^', std::max(1, column));
}

std::shared_ptr<const autoscale::Formula> parse_formula(const EvalFlags& flags, const std::string& text) {
  try {
    return autoscale::parse(text);
  } catch (const autoscale::SyntaxError& error) {
    throw UsageError(fmt::format("{}:{}:{}: {}{}", flags.formula, error.line, error.column, error.reason,
                                 shown_at(text, error.line, error.column)));
  }
}

void explain(const autoscale::Evaluation& evaluation, const std::string& text, std::ostream& out) {
  for (const autoscale::Step& step : evaluation.steps) {
    out << fmt::format("{:>4}  {}\n", step.line, step.source);
    for (const autoscale::Detail& detail : step.details) {
      out << fmt::format("        {} = {}", detail.call, detail.value);
      if (detail.window) {
        out << fmt::format("   ({} of {} samples from {} to {})", detail.window->found, detail.window->possible,
                           iso8601(detail.window->from), iso8601(detail.window->to));
      }
      out << '\n';
    }
    if (!step.value.empty()) {
      out << (step.variable.empty() ? fmt::format("      = {}\n", step.value)
                                    : fmt::format("      {} = {}\n", step.variable, step.value));
    }
  }
  if (evaluation.error) {
    out << fmt::format("failed: {}: line {}, column {}: {}{}\n", evaluation.error->code, evaluation.error->line,
                       evaluation.error->column, evaluation.error->reason,
                       shown_at(text, evaluation.error->line, evaluation.error->column));
  }
  out << fmt::format("result: {}\n", evaluation.results);
}

Document to_document(const Run& run) {
  Document document = {{"timestamp", iso8601(run.time)},
                       {"results", run.evaluation.results},
                       {"targetDedicatedNodes", run.evaluation.targets.dedicated},
                       {"targetLowPriorityNodes", run.evaluation.targets.low_priority}};
  if (run.evaluation.error) {
    document["error"] = {{"code", run.evaluation.error->code}, {"message", run.evaluation.error->message}};
    for (const auto& [name, value] : run.evaluation.error->values) {
      document["error"]["values"].push_back({{"name", name}, {"value", value}});
    }
  }
  return document;
}

void write_picture(const EvalFlags& flags, const std::vector<Run>& runs, const Day& day) {
  std::ofstream file(flags.picture, std::ios::binary | std::ios::trunc);
  file << draw(runs, day, flags.formula);
  file.close();
  if (!file) throw UsageError(flags.picture + ": cannot be written");
}

int evaluate_day(Program& program, const EvalFlags& flags, const autoscale::Formula& formula, const std::string& text) {
  static constexpr Column columns[] = {{"TIME", "timestamp"},
                                       {"DEDICATED", "targetDedicatedNodes", true},
                                       {"SPOT", "targetLowPriorityNodes", true},
                                       {"ERROR", "error.code"}};
  Day day(read_text(flags.samples, program.around().in), flags.samples);
  Random random(flags.seed);
  const std::vector<Run> runs = run_through(formula, day,
                                            {.start = {flags.dedicated, flags.low_priority},
                                             .interval = parse_timeout(flags.interval, "--interval"),
                                             .until = day.last(),
                                             .random = [&random] { return random.fraction(); }});
  if (program.globals().format == Format::Table) explain(runs.back().evaluation, text, program.around().out);
  std::vector<Document> rows;
  rows.reserve(runs.size());
  for (const Run& run : runs) rows.push_back(to_document(run));
  program.printer().list(rows, columns);
  if (!flags.picture.empty()) write_picture(flags, runs, day);
  return runs.back().evaluation.error ? kFailed : kOk;
}

int evaluate(Program& program, const EvalFlags& flags) {
  const std::string text = read_text(flags.formula, program.around().in);
  const auto formula = parse_formula(flags, text);
  if (!flags.samples.empty()) return evaluate_day(program, flags, *formula, text);
  if (!flags.picture.empty()) throw UsageError("--svg draws a day: give its samples with --samples FILE");
  const auto now = flags.now.empty() ? std::optional(clock_now()) : parse_iso8601(flags.now);
  if (!now) throw UsageError(fmt::format("--now {}: write a time as 2024-11-13T08:00:00Z", flags.now));
  Random random(flags.seed);
  const Run run{*now, autoscale::evaluate(*formula, {.now = *now,
                                                     .current = {flags.dedicated, flags.low_priority},
                                                     .random = [&random] { return random.fraction(); },
                                                     .trace = true})};
  if (program.globals().format == Format::Table) {
    explain(run.evaluation, text, program.around().out);
  } else {
    program.printer().one(to_document(run));
  }
  return run.evaluation.error ? kFailed : kOk;
}

}  // namespace

void declare_autoscale(Program& program) {
  CLI::App* parent = program.add(program.app(), "autoscale", "Autoscale formulas");
  parent->require_subcommand(0, 1);
  CLI::App* command = program.add(*parent, "eval", "Explain a formula step by step, and over a day of samples");
  auto flags = std::make_shared<EvalFlags>();
  command->add_option("formula", flags->formula)->required()->type_name("")->option_text("FILE");
  command->add_option("--samples", flags->samples, "Samples over a day: CSV (time,$PendingTasks,…) or JSON")
      ->type_name("FILE");
  command->add_option("--interval", flags->interval, "Between evaluations")->type_name("DURATION");
  command->add_option("--now", flags->now, "The time of one evaluation without samples")->type_name("TIME");
  command->add_option("--dedicated", flags->dedicated, "Dedicated nodes to begin with")->type_name("N");
  command->add_option("--low-priority", flags->low_priority, "Spot nodes to begin with")->type_name("N");
  command->add_option("--seed", flags->seed, "Of rand()")->type_name("N");
  command->add_option("--svg", flags->picture, "Draw the targets over the day")->type_name("FILE");
  program.on_chosen(command, [&program, flags] { return evaluate(program, *flags); });
}

}  // namespace batchite::cli
