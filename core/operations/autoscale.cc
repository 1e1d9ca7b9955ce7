// Sources: learn.microsoft.com/rest/api/batchservice/pool/enable-auto-scale (and evaluate-, disable-), recorded answers
// of evaluateautoscale. Which code refuses an operation that needs a formula, or needs that there is none, is not
// documented: OperationInvalidForCurrentState.
#include "core/operations/autoscale.h"

#include <array>

#include "core/base/random.h"
#include "core/contract/error_codes.h"
#include "core/contract/validate.h"
#include "core/lang/autoscale/autoscale.h"
#include "core/operations/lookup.h"
#include "core/operations/pool_rules.h"
#include "core/operations/render.h"
#include "core/operations/specs.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

using autoscale::Metric;

static_assert(kPoolSamplePeriod == autoscale::kSamplePeriod);

constexpr Ticks kBetweenEnablings = std::chrono::seconds(30);

struct Series {
  Metric metric;
  double (*value)(const PoolSample& sample);
  bool is_reading = false;
};
constexpr double kMegabyte = 1024 * 1024;
// Of the service's other variables there are no samples: nothing measures networks and disks.
constexpr Series kSeries[] = {
    {Metric::ActiveTasks, [](const PoolSample& s) { return double(s.active); }},
    {Metric::RunningTasks, [](const PoolSample& s) { return double(s.running); }},
    {Metric::PendingTasks, [](const PoolSample& s) { return double(s.active + s.running); }},
    {Metric::SucceededTasks, [](const PoolSample& s) { return double(s.succeeded); }},
    {Metric::FailedTasks, [](const PoolSample& s) { return double(s.failed); }},
    {Metric::TaskSlotsPerNode, [](const PoolSample& s) { return double(s.slots_per_node); }},
    {Metric::CurrentDedicatedNodes, [](const PoolSample& s) { return double(s.dedicated); }},
    {Metric::CurrentLowPriorityNodes, [](const PoolSample& s) { return double(s.low_priority); }},
    {Metric::UsableNodeCount, [](const PoolSample& s) { return double(s.usable); }},
    {Metric::SampleNodeCount, [](const PoolSample& s) { return double(s.usable); }},
    {Metric::PreemptedNodeCount, [](const PoolSample& s) { return double(s.preempted); }},
    {Metric::CpuPercent, [](const PoolSample& s) { return s.reading->cpu; }, true},
    {Metric::MemoryBytes, [](const PoolSample& s) { return s.reading->memory / kMegabyte; }, true},  // so the service
    {Metric::DiskReadBytes, [](const PoolSample& s) { return s.reading->read; }, true},
    {Metric::DiskWriteBytes, [](const PoolSample& s) { return s.reading->written; }, true},
};

bool has(const PoolSample& sample, const Series& series) { return sample.reading || !series.is_reading; }

class PoolSamples : public autoscale::Samples {
 public:
  explicit PoolSamples(const std::deque<PoolSample>& rows) {
    for (const Series& series : kSeries) {
      std::vector<autoscale::Sample>& samples = series_[static_cast<std::size_t>(series.metric)];
      samples.reserve(rows.size());
      for (const PoolSample& row : rows) {
        if (has(row, series)) samples.push_back({row.time, series.value(row)});
      }
    }
  }
  std::span<const autoscale::Sample> of(Metric metric) const override {
    return series_[static_cast<std::size_t>(metric)];
  }

 private:
  std::array<std::vector<autoscale::Sample>, autoscale::kMetrics> series_;
};

// The same pool at the same time draws the same numbers.
autoscale::Evaluation evaluate(const Change& change, PoolKey key, std::string_view formula) {
  const Targets& target = change.state().pools.at(key).status.target;
  const PoolSamples samples(change.samples_of(key));
  Random random(static_cast<std::uint64_t>(number(key) ^ change.now().time_since_epoch().count()));
  return autoscale::evaluate(*autoscale::parse(formula), {.now = change.now(),
                                                          .current = {target.dedicated, target.low_priority},
                                                          .samples = &samples,
                                                          .random = [&random] { return random.fraction(); }});
}

ScaleRun run_of(const autoscale::Evaluation& evaluation, Time now) {
  ScaleRun run{now, evaluation.results, std::nullopt};
  if (!evaluation.error) return run;
  run.error = Failure{.code = evaluation.error->code, .message = evaluation.error->message, .details = {}};
  for (const ErrorValue& value : evaluation.error->values) run.error->details.emplace_back(value.key, value.value);
  return run;
}

// The pool, once it can be told to scale.
const Pool& changeable(const Change& change, const Call& call, PoolKey key) {
  const Pool& pool = change.state().pools.at(key);
  check_conditions(call, pool.status.modified);
  if (pool.status.state == PoolState::Deleting) throw Error(errors::kPoolBeingDeleted);
  return pool;
}

Answer keep(Change& change, const Call& call, PoolKey key, Document document, bool restarts) {
  complete_pool_document(document);
  change.write().put_spec(Kind::Pool, number(key), document.dump());
  change.happen(PoolScalingAsked{key, pool_spec(document), restarts});
  return done(call, change.state().pools.at(key).status.modified);
}

void check_enabling(const Change& change, const Pool& pool, const Reader& body) {
  const bool scales = pool.spec.scale_every.has_value();
  const bool says_something = body.has("autoScaleFormula") || (scales && body.has("autoScaleEvaluationInterval"));
  if (!says_something) throw Error(errors::kMissingRequiredProperty, {{"PropertyName", "autoScaleFormula"}});
  if (pool.status.allocation != AllocationState::Steady) throw Error(errors::kPoolBeingResized);
  const Time asked = pool.status.scale_asked;
  if (asked != kNever && change.now() < after(asked, kBetweenEnablings)) {
    throw Error(errors::kTooManyEnableAutoScaleRequests);
  }
}

Answer enable(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& pool = changeable(change, call, key);
  const Document body = contract::normalise(*call.operation.body, call.body);
  check_enabling(change, pool, Reader(body));
  Document document = Document::parse(change.read().get(Kind::Pool, number(key)).spec);
  document["enableAutoScale"] = true;
  for (const char* target : {"targetDedicatedNodes", "targetLowPriorityNodes"}) document.erase(target);
  document.update(body);
  check_pool_document(document);
  return keep(change, call, key, std::move(document), body.contains("autoScaleEvaluationInterval"));
}

// Once more does no harm.
Answer disable(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  changeable(change, call, key);
  Document document = Document::parse(change.read().get(Kind::Pool, number(key)).spec);
  document["enableAutoScale"] = false;
  for (const char* setting : {"autoScaleFormula", "autoScaleEvaluationInterval"}) document.erase(setting);
  return keep(change, call, key, std::move(document), false);
}

Answer try_formula(Change& change, const Call& call) {
  const PoolKey key = the_pool(change, call);
  const Pool& pool = changeable(change, call, key);
  const Document body = contract::normalise(*call.operation.body, call.body);
  if (!pool.spec.scale_every) throw Error(errors::kOperationInvalidForCurrentState);
  return one(call,
             render_scale_run(run_of(evaluate(change, key, Reader(body).text("autoScaleFormula")), change.now())));
}

constexpr OperationRow kAutoscale[] = {
    {"Pool_EnableAutoScale", enable},
    {"Pool_DisableAutoScale", disable},
    {"Pool_EvaluateAutoScale", try_formula},
};

}  // namespace

void scale_pool(Change& change, PoolKey key) {
  const Document document = Document::parse(change.read().get(Kind::Pool, number(key)).spec);
  const autoscale::Evaluation evaluation = evaluate(change, key, Reader(document).text("autoScaleFormula"));
  change.happen(PoolScaled{.pool = key,
                           .run = run_of(evaluation, change.now()),
                           .target = {evaluation.targets.dedicated, evaluation.targets.low_priority},
                           .drain = static_cast<DrainOption>(evaluation.deallocation)});
}

Document pool_samples(const Change& change, const std::string& pool_id) {
  const auto pool = change.read().find(Kind::Pool, 0, pool_id);
  if (!pool) throw Error(errors::kPoolNotFound);
  Document rows = Document::array();
  for (const PoolSample& sample : change.samples_of(PoolKey{*pool})) {
    Document row = {{"time", iso8601(sample.time)}};
    for (const Series& series : kSeries) {
      if (has(sample, series)) row[std::string(name_of(series.metric))] = series.value(sample);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::span<const OperationRow> autoscale_operations() { return kAutoscale; }

}  // namespace batchite
