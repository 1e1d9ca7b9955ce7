#include "emulator/own/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "emulator/own/node_pages.h"

namespace batchite {
namespace {

constexpr std::string_view kRoot = "/_batchite/";
constexpr std::string_view kLoopbackNames[] = {"localhost", "127.0.0.1", "[::1]"};

http::Response json(const Document& document, unsigned status = 200) {
  http::Response response{.status = status};
  response.headers.add("Content-Type", "application/json");
  response.body = document.dump(2) + "\n";
  return response;
}

http::Response problem(unsigned status, const std::string& code, const std::string& message) {
  return json({{"error", {{"code", code}, {"message", message}}}}, status);
}

bool came_to_loopback(const http::Request& request) {
  std::string host = request.base.substr(request.base.find("://") + 3);
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && !host.ends_with(']')) host.resize(colon);
  const auto is_host = [&host](std::string_view name) { return same_id(host, name); };
  return std::any_of(std::begin(kLoopbackNames), std::end(kLoopbackNames), is_host) ||
         fold(host).ends_with(".localhost");
}

// Every item of a list operation.
void each(Backend& backend, std::string_view operation, const Parameters& path,
          const std::function<void(const Document&)>& visit) {
  Call call{.operation = *contract::find_operation(operation), .path = path};
  call.version = contract::newest_version();
  while (true) {
    const Document page = backend.call(call).body;
    for (const Document& item : page["value"]) visit(item);
    const std::string link = Reader(page).text("odata.nextLink");
    if (link.empty()) return;
    for (const auto& [name, value] : parse_query(link.substr(link.find('?') + 1))) {
      if (name == "$skiptoken") call.query.set(name, value);
    }
  }
}

std::string escaped(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

// What there is, by state.
std::string gauges(Backend& backend) {
  std::string text = "# HELP batchite_nodes Compute nodes by pool and state.\n# TYPE batchite_nodes gauge\n";
  each(backend, "Account_ListPoolNodeCounts", {}, [&text](const Document& pool) {
    for (const char* kind : {"dedicated", "lowPriority"}) {
      for (const auto& [state, count] : pool[kind].items()) {
        if (state == "total") continue;
        text += fmt::format("batchite_nodes{{pool=\"{}\",kind=\"{}\",state=\"{}\"}} {}\n",
                            escaped(pool["poolId"].get<std::string>()), kind, state, count.get<std::int64_t>());
      }
    }
  });
  text += "# HELP batchite_tasks Tasks by job and state.\n# TYPE batchite_tasks gauge\n";
  each(backend, "Job_List", {}, [&](const Document& job) {
    const std::string id = job["id"].get<std::string>();
    const Call counts{.operation = *contract::find_operation("Job_GetTaskCounts"), .path = {{"jobId", id}}};
    Document body;
    try {
      body = backend.call(counts).body;
    } catch (const Error& error) {
      if (error.status() == 404) return;  // deleted since it was listed
      throw;
    }
    for (const char* state : {"active", "running", "succeeded", "failed"}) {
      text += fmt::format("batchite_tasks{{job=\"{}\",state=\"{}\"}} {}\n", escaped(id), state,
                          body["taskCounts"][state].get<std::int64_t>());
    }
  });
  return text;
}

}  // namespace

const Pages::Row Pages::kRows[] = {
    {"health", &Pages::health}, {"ready", &Pages::ready}, {"info", &Pages::info},        {"metrics", &Pages::metrics},
    {"events", &Pages::events}, {"why/", &Pages::why},    {"samples/", &Pages::samples},
};

Pages::Pages(Backend& backend, const Metrics& metrics, Document info)
    : backend_(backend), metrics_(metrics), info_(std::move(info)), events_(backend) {}

http::Response Pages::handle(const http::Request& request) {
  if (!came_to_loopback(request))
    return problem(403, "Forbidden", "these pages are for this machine: use http://127.0.0.1");
  const std::string_view name = std::string_view(request.path).substr(kRoot.size());
  try {
    if (const auto answer = node_page(backend_, request, name)) return json(*answer);
  } catch (const Error& error) {
    return problem(error.status(), error.code(), error.message());
  }
  for (const Row& row : kRows) {
    if (row.path.ends_with('/') ? !name.starts_with(row.path) : name != row.path) continue;
    if (request.method != "GET" && request.method != "HEAD") {
      return problem(405, "UnsupportedHttpVerb", std::string(request.path) + " takes GET");
    }
    try {
      return (this->*row.page)(request);
    } catch (const Error& error) {
      return problem(error.status(), error.code(), error.message());
    } catch (const std::exception& error) {
      return problem(500, "InternalError", error.what());
    }
  }
  std::string known;
  for (const Row& row : kRows) known += (known.empty() ? "" : ", ") + std::string(row.path);
  return problem(404, "ResourceNotFound", "there is no page " + request.path + "; there are " + known);
}

http::Response Pages::health(const http::Request&) { return json({{"status", "ok"}}); }

// Healthy, and the backend answers.
http::Response Pages::ready(const http::Request&) {
  const Call call{.operation = *contract::find_operation("Account_ListPoolNodeCounts"), .query = {{"maxresults", "1"}}};
  backend_.call(call);
  return json({{"status", "ready"}});
}

http::Response Pages::info(const http::Request&) { return json(info_); }

http::Response Pages::metrics(const http::Request&) {
  http::Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4");
  response.body = metrics_.text() + gauges(backend_);
  return response;
}

http::Response Pages::events(const http::Request&) {
  http::Response response;
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.bytes = events_.listen();
  response.close = true;
  return response;
}

http::Response Pages::samples(const http::Request& request) {
  const std::size_t begin = kRoot.size() + std::string_view("samples/").size();
  Document rows = backend_.samples(percent_decode(std::string_view(request.path).substr(begin)));
  if (rows.is_null()) return problem(501, "NotImplemented", "this backend does not sample pools");
  return json(rows);
}

http::Response Pages::why(const http::Request& request) {
  const std::string_view ids = std::string_view(request.path).substr(kRoot.size() + std::string_view("why/").size());
  const std::size_t slash = ids.find('/');
  if (slash == std::string_view::npos || slash + 1 == ids.size()) {
    return problem(404, "ResourceNotFound", "the page is /_batchite/why/{job}/{task}");
  }
  const std::string job = percent_decode(ids.substr(0, slash));
  const std::string task = percent_decode(ids.substr(slash + 1));
  Document reasons = backend_.explain(job, task);
  if (reasons.is_null()) return problem(501, "NotImplemented", "this backend does not say why");
  return json({{"jobId", job}, {"taskId", task}, {"reasons", std::move(reasons)}});
}

}  // namespace batchite
