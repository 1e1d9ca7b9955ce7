// Golden exchanges: each file of fixtures/wire is played against the Batch endpoint, and its answer must be the file's.
// With BATCHITE_BLESS=1 the answers are written into the files instead; the difference is then a person's to judge.
//
//   # What it shows, in a sentence.
//   ### before                      any number of these: requests that are just made
//   POST /jobs
//   {"id": "j1", "poolInfo": {"poolId": "p1"}}
//   ### wait PT5M                   time passes
//   ### request
//   GET /jobs/j1
//   If-None-Match: 0x8DE8209F0B8C5BC
//   ### answer
//   HTTP/1.1 304 …
//
// A request without api-version gets the newest of the dotted ones. {{node:p1}} is the id of a pool's first node,
// {{token:t1}} the token that task was given, {{etag}} the last ETag of an answer, {{next-link}} the last link to a
// next page, {{text:80}} that many letters;
// {{request-id}} stands for what differs from run to run. After "### stall" the host carries nothing out any more; with
// "### allocation-delay PT5S" pools take their time to get nodes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "emulator/batch/batch_endpoint.h"
#include "tests/support/memory_backend.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualVersion = "2024-07-01.20.0";
constexpr std::string_view kBase = "https://acct.westeurope.batch.azure.com";
const fs::path kFolder = std::string(BATCHITE_FIXTURES) + "/wire";

struct Section {
  std::string title;  // "before", "wait PT5M", "request", "answer"
  std::string text;
};

struct Exchange {
  std::string comment;
  std::vector<Section> sections;

  const Section& section(const std::string& title) const {
    for (const Section& one : sections) {
      if (one.title == title) return one;
    }
    throw std::runtime_error("there is no section '### " + title + "'");
  }
};

Exchange read_exchange(const fs::path& path) {
  Exchange exchange;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) {
      exchange.sections.push_back({line.substr(4), ""});
    } else if (exchange.sections.empty()) {
      exchange.comment += line + "\n";
    } else {
      exchange.sections.back().text += line + "\n";
    }
  }
  return exchange;
}

// Headers up to an empty line or the first line of a JSON body.
http::Request parse_request(const std::string& text, std::string& body) {
  http::Request request;
  std::istringstream lines(text);
  std::string line, target;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  if (request.query.find("api-version") == std::string::npos) {
    request.query += (request.query.empty() ? "" : "&") + std::string("api-version=") + kUsualVersion;
  }
  bool in_body = false;
  while (std::getline(lines, line)) {
    in_body = in_body || line.empty() || line.starts_with('{') || line.starts_with('[');
    if (in_body) {
      body += line + "\n";
    } else {
      const std::size_t colon = line.find(": ");
      request.headers.add(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  while (body.ends_with('\n')) body.pop_back();
  if (body.starts_with('\n')) body.erase(0, 1);
  request.base = kBase;
  request.has_body = !body.empty();
  request.length = body.size();
  return request;
}

Settings settings_of(const Exchange& exchange) {
  Settings settings;
  constexpr std::string_view kDelay = "allocation-delay ";
  for (const Section& section : exchange.sections) {
    if (section.title.starts_with(kDelay)) {
      settings.allocation_delay = parse_duration(section.title.substr(kDelay.size())).value();
    }
  }
  return settings;
}

class Player {
 public:
  explicit Player(const Exchange& exchange) : backend_(settings_of(exchange)) {}

  http::Response make(std::string text) {
    fill_in(text);
    std::string body;
    http::Request request = parse_request(text, body);
    StringSource source(body);
    request.body = &source;
    http::Response response = (request.headers.has("Authorization") ? guarded_ : endpoint_).handle(request);
    if (request.method == "HEAD") response.body.clear();  // the server does not send it
    remember(response);
    return response;
  }

  std::string play(const Exchange& exchange) {
    for (const Section& section : exchange.sections) {
      if (section.title == "before") {
        const http::Response response = make(section.text);
        if (response.status >= 400) ADD_FAILURE() << "a request before failed: " << section.text << response.body;
      } else if (section.title.starts_with("wait ")) {
        backend_.wait(parse_duration(section.title.substr(5)).value());
      } else if (section.title == "stall") {
        backend_.stalled = true;
      }
    }
    return to_text(make(exchange.section("request").text));
  }

 private:
  void fill_in(std::string& text) {
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at)) {
      const std::size_t end = text.find("}}", at);
      const std::string what = value_of(text.substr(at + 2, end - at - 2));
      text.replace(at, end + 2 - at, what);
      at += what.size();
    }
  }

  std::string value_of(const std::string& name) {
    if (name == "etag") return etag_;
    if (name == "next-link") return next_link_;
    const std::string argument = name.substr(name.find(':') + 1);
    if (name.starts_with("text:")) return std::string(std::stoul(argument), 'x');
    if (name.starts_with("token:")) return backend_.tokens.at(argument);
    if (!name.starts_with("node:")) throw std::runtime_error("there is no {{" + name + "}}");
    const Call call{.operation = *contract::find_operation("ComputeNode_List"), .path = {{"poolId", argument}}};
    return backend_.call(call).body["value"].at(0)["id"].get<std::string>();
  }

  void remember(const http::Response& response) {
    if (const std::string* etag = response.headers.find("ETag")) etag_ = *etag;
    const Document body = Document::parse(response.body, nullptr, false);
    if (!body.is_object() || !body.contains("odata.nextLink")) return;
    next_link_ = body["odata.nextLink"].get<std::string>().substr(kBase.size());
  }

  std::string to_text(http::Response response) const {
    std::string text =
        "HTTP/1.1 " + std::to_string(response.status) + (response.reason.empty() ? "" : " ") + response.reason + "\n";
    const std::string request_id = response.headers.get("request-id");
    for (const auto& [name, value] : response.headers) text += name + ": " + value + "\n";
    if (response.bytes) {
      if (const auto size = response.bytes->size()) text += "Content-Length: " + std::to_string(*size) + "\n";
      response.body = read_all(*response.bytes);
    } else if (response.chunked) {
      text += "Transfer-Encoding: chunked\n";
    }
    if (!response.body.empty()) {
      const bool is_json = response.headers.get("Content-Type").starts_with("application/json");
      text += "\n" + (is_json ? Document::parse(response.body).dump(2) + "\n" : response.body);
    }
    if (!text.ends_with('\n')) text += '\n';  // Content-Length tells where it really ends
    replace(text, request_id, "{{request-id}}");
    return text;
  }

  static void replace(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
      text.replace(at, what.size(), by);
    }
  }

  std::string etag_;
  std::string next_link_;  // from its path on
  testing::MemoryBackend backend_;
  Metrics metrics_;
  batch::BatchOptions options(batch::AuthMode auth) {
    return {.account = {"acct", {}},
            .auth = auth,
            .token_secret = "secret",
            .clock = [this] { return backend_.now; },
            .warn = [](const std::string&) {}};
  }
  batch::BatchEndpoint endpoint_{backend_, metrics_, options(batch::AuthMode::Off)};
  batch::BatchEndpoint guarded_{backend_, metrics_, options(batch::AuthMode::Strict)};  // for those who show a token
};

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  if (!fs::exists(kFolder)) return names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".http") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_blessing() {
  const char* bless = std::getenv("BATCHITE_BLESS");
  return bless && std::string_view(bless) == "1";
}

void bless(const fs::path& path, const Exchange& exchange, const std::string& answer) {
  std::ofstream file(path);
  file << exchange.comment;
  for (const Section& section : exchange.sections) {
    if (section.title != "answer") file << "### " << section.title << "\n" << section.text;
  }
  file << "### answer\n" << answer;
}

// "Pool_Get" of "Pool_Get.not_found".
std::string subject_of(const std::string& name) { return name.substr(0, name.find('.')); }

std::set<std::string> subjects() {
  std::set<std::string> subjects;
  for (const std::string& name : all_names()) subjects.insert(subject_of(name));
  return subjects;
}

class WireTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WireTest, AnswersAreAsWritten) {
  for (const std::string& name : all_names()) {
    if (subject_of(name) != GetParam()) continue;
    SCOPED_TRACE("fixtures/wire/" + name + ".http");
    const fs::path path = kFolder / (name + ".http");
    const Exchange exchange = read_exchange(path);
    const std::string actual = Player(exchange).play(exchange);
    if (is_blessing()) {
      bless(path, exchange, actual);
    } else {
      EXPECT_EQ(actual, exchange.section("answer").text);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, WireTest, ::testing::ValuesIn(subjects()),
                         [](const auto& subject) { return subject.param; });

TEST(WireCoverageTest, EveryOperationHasAnExchange) {
  const batch::Router router;
  std::set<std::string_view> shown;
  for (const std::string& name : all_names()) {
    std::string body;
    const http::Request request =
        parse_request(read_exchange(kFolder / (name + ".http")).section("request").text, body);
    try {
      shown.insert(router.find(request.method, request.path).operation->id);
    } catch (const Error&) {  // some show how a wrong path is refused
    }
  }
  for (const contract::Operation& operation : contract::operations()) {
    EXPECT_TRUE(shown.contains(operation.id)) << operation.id << " has no file in fixtures/wire";
  }
}

}  // namespace
}  // namespace batchite
