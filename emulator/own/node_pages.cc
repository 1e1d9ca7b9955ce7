#include "emulator/own/node_pages.h"

#include <vector>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/base/query.h"

namespace batchite {
namespace {

constexpr std::size_t kMaxBody = 64 * 1024;

struct Verb {
  std::string_view name;
  NodeFault::Kind kind;
};
constexpr Verb kVerbs[] = {
    {"preempt", NodeFault::Kind::Preempt}, {"fail", NodeFault::Kind::Fail}, {"recover", NodeFault::Kind::Recover}};

Error bad_request(std::string message) { return {400, "BadRequest", std::move(message)}; }

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> found;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    found.push_back(percent_decode(path.substr(0, slash)));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return found;
}

Ticks duration_of(const Parameters& query, const std::string& name) {
  const std::string text = query.get(name);
  if (text.empty()) return {};
  const auto duration = parse_duration(text);
  if (!duration) throw bad_request(name + "=" + text + ": write a duration as PT30S");
  return *duration;
}

Document inflict(Backend& backend, const http::Request& request, NodeFault fault) {
  if (request.method != "POST") throw Error(405, "UnsupportedHttpVerb", request.path + " takes POST");
  if (!request.headers.has(std::string(kControlHeader))) {
    throw Error(403, "Forbidden", "the header " + std::string(kControlHeader) + " is missing");
  }
  const Parameters query = query_parameters(request.query);
  fault.notice = duration_of(query, "notice");
  fault.away = duration_of(query, "away");
  fault.code = query.get("code");
  fault.message = query.get("message");
  backend.inflict(fault);
  return {{"status", "done"}};
}

// A program that has done what it had to do asks that the event may begin.
void start_events(Backend& backend, const http::Request& request, const Document& events) {
  if (request.length.value_or(kMaxBody) > kMaxBody || !request.body) throw bad_request("a small body is needed");
  const Document body = Document::parse(read_all(*request.body), nullptr, false);
  if (!body.is_object()) throw bad_request("the body is not a JSON object");
  for (const Document& start : Reader(body).array("StartRequests")) {
    const std::string id = Reader(start).text("EventId");
    bool found = false;
    for (const Document& event : events["Events"]) {
      if (!same_id(event["EventId"].get<std::string>(), id)) continue;
      found = true;
      backend.inflict({.kind = NodeFault::Kind::Preempt, .pool_id = {}, .node_id = event["Resources"][0]});
    }
    if (!found) throw bad_request("EventId " + id + ": there is no such event");
  }
}

Document scheduled_events(Backend& backend, const http::Request& request, const std::string& node_id) {
  if (!same_id(request.headers.get("Metadata"), "true")) throw bad_request("the header Metadata: true is missing");
  Document events = backend.scheduled_events(node_id);
  if (events.is_null()) throw Error(501, "NotImplemented", "this backend knows of no scheduled events");
  if (request.method != "POST") return events;
  start_events(backend, request, events);
  return Document::object();
}

}  // namespace

std::optional<Document> node_page(Backend& backend, const http::Request& request, std::string_view path) {
  const std::vector<std::string> parts = segments(path);
  const auto at = [&parts](std::size_t index) { return index < parts.size() ? parts[index] : std::string(); };
  if (parts.size() == 2 && at(0) == "metadata" && at(1) == "scheduledevents") {
    return scheduled_events(backend, request, "");
  }
  if (parts.size() != 4 || at(0) != "nodes") return std::nullopt;
  if (at(2) == "metadata" && at(3) == "scheduledevents") return scheduled_events(backend, request, at(1));
  for (const Verb& verb : kVerbs) {
    if (at(3) == verb.name) return inflict(backend, request, {.kind = verb.kind, .pool_id = at(1), .node_id = at(2)});
  }
  return std::nullopt;
}

}  // namespace batchite
