// The emulator's own pages, below /_batchite/ on both ports: health, ready, info, metrics, events, why/{job}/{task},
// samples/{pool}, and those of node_pages.h. They need no signature, so they only read or do harm to emulated nodes,
// and only answer who came to a loopback name (a page of the Internet that names this machine by DNS gets 403). Any
// thread.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "core/backend.h"
#include "emulator/http/message.h"
#include "emulator/own/event_stream.h"
#include "emulator/own/metrics.h"

namespace batchite {

class Pages {
 public:
  // `info`: what /_batchite/info shows. Backend and metrics outlive the pages.
  Pages(Backend& backend, const Metrics& metrics, Document info);

  static bool is_own(const std::string& path) { return path.starts_with("/_batchite/"); }
  http::Response handle(const http::Request& request);
  // Ends the answers of /_batchite/events.
  void close() { events_.close(); }

 private:
  using Page = http::Response (Pages::*)(const http::Request&);
  struct Row {
    std::string_view path;
    Page page;
  };
  static const Row kRows[];

  http::Response health(const http::Request& request);
  http::Response ready(const http::Request& request);
  http::Response info(const http::Request& request);
  http::Response metrics(const http::Request& request);
  http::Response events(const http::Request& request);
  http::Response why(const http::Request& request);
  http::Response samples(const http::Request& request);

  Backend& backend_;
  const Metrics& metrics_;
  const Document info_;
  EventStream events_;
};

}  // namespace batchite
