// The formula language that sets a pool's targets: text -> tree -> targets.
// Source: learn.microsoft.com/azure/batch/batch-automatic-scaling and the answers of evaluateautoscale in the SDKs'
// recordings: https://github.com/Azure/azure-sdk-for-python, azure-sdk-for-net.
// Pure: the clock, the samples and chance are passed in. Any thread. Lines and columns count from 1, columns in bytes.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/lang/autoscale/samples.h"

namespace batchite::autoscale {

inline constexpr std::size_t kMaxLength = 8192;  // characters
inline constexpr std::size_t kMaxStatements = 100;
inline constexpr std::size_t kMaxDepth = 100;  // of expressions within expressions; ours, so that no stack overflows

// A parsed formula: never changes, shared by whoever evaluates it.
class Formula;

// AutoScalingFormulaSyntaxError, which the service answers when a formula is set or tried.
class SyntaxError : public Error {
 public:
  SyntaxError(int at_line, int at_column, std::string what_is_wrong);

  int line, column;
  std::string reason;  // without the place
};

// Throws SyntaxError, or AutoScalingFormulaTooLong.
std::shared_ptr<const Formula> parse(std::string_view text);

// The tree of one formula: "(= x (+ 1 (* 2 3)))", a statement a line.
std::string to_text(const Formula& formula);

struct Targets {
  int dedicated = 0;
  int low_priority = 0;
  bool operator==(const Targets&) const = default;
};

// In the order of the scheduler's DrainOption.
enum class Deallocation : std::uint8_t { Requeue, Terminate, TaskCompletion, RetainedData };
std::string_view name_of(Deallocation option);  // "taskcompletion"

struct Inputs {
  Time now;
  Targets current;                                    // what the targets are before the formula sets them
  Deallocation deallocation = Deallocation::Requeue;  // likewise
  const Samples* samples = nullptr;                   // nullptr: there are none at all
  std::function<double()> random = {};                // 0 to 1, for rand(); without it rand() is 0.5
  bool trace = false;                                 // fill Evaluation::steps
};

// Why an evaluation came to nothing; autoScaleRun.error. `values` are named `name` and `value` on the wire.
struct RunError {
  std::string code;                // AutoScalingFormulaEvaluationError or InsufficientSampleData
  std::string message;             // the service's sentence
  std::vector<ErrorValue> values;  // {"Message", "Line 1, Col 1: Undefined symbol: x"}
  int line = 0, column = 0;
  std::string reason;  // the value without the place
};

// A call within a statement: of a function, or of a variable's samples.
struct Detail {
  int line = 0, column = 0;
  std::string call;   // with its arguments' values: "avg([40,40])"
  std::string value;  // as in `results`
  // Of a call about samples of a time: what it looked at.
  struct Window {
    Time from, to;
    std::size_t found = 0, possible = 0;
  };
  std::optional<Window> window;
};

struct Step {
  int line = 0, column = 0;
  std::string source;           // the statement as written, comments and line breaks made spaces
  std::string variable;         // what it sets; empty: nothing
  std::string value;            // as in `results`; empty when the evaluation failed or stopped here
  std::vector<Detail> details;  // in the order of evaluation
};

struct Evaluation {
  // What to resize to. With `error`, what the inputs said.
  Targets targets;
  Deallocation deallocation = Deallocation::Requeue;
  // autoScaleRun.results: "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue", then
  // the formula's own variables by name.
  std::string results;
  std::optional<RunError> error;
  std::vector<Step> steps;  // up to and with the statement that failed or stopped
};

Evaluation evaluate(const Formula& formula, const Inputs& inputs);

}  // namespace batchite::autoscale
