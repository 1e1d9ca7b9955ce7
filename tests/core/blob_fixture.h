// The Blob service's rules over a store in memory, told as stories: calls in, their outcome as text.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/base/encoding.h"
#include "core/blob/blob_service.h"
#include "tests/support/memory_blob_store.h"

namespace batchite::testing {

inline constexpr char kKey[] =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
inline const Time kStart = *parse_iso8601("2024-03-05T10:00:00Z");

// Says to have so many bytes, and has none.
struct ClaimedSource : ByteSource {
  explicit ClaimedSource(std::uint64_t mib) : bytes(mib << 20) {}
  std::size_t read(std::span<char>) override { return 0; }
  std::optional<std::uint64_t> size() const override { return bytes; }
  std::uint64_t bytes;
};

class BlobTest : public ::testing::Test {
 protected:
  BlobTest() { run({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"}); }

  BlobReply run(const BlobCall& call) { return service_.call(call); }

  BlobCall on(BlobOperation operation, const std::string& blob, Parameters headers = {}, Parameters query = {}) {
    return {.operation = operation,
            .account = "acct",
            .container = "data",
            .blob = blob,
            .query = std::move(query),
            .headers = std::move(headers)};
  }

  BlobReply put(const std::string& blob, const std::string& text, Parameters headers = {}) {
    headers.add("x-ms-blob-type", "BlockBlob");
    StringSource body(text);
    BlobCall call = on(BlobOperation::PutBlob, blob, std::move(headers));
    call.body = &body;
    return run(call);
  }

  BlobReply put_block(const std::string& blob, const std::string& id, const std::string& text) {
    StringSource body(text);
    BlobCall call = on(BlobOperation::PutBlock, blob, {}, {{"comp", "block"}, {"blockid", base64_encode(id)}});
    call.body = &body;
    return run(call);
  }

  // "latest:a committed:b"
  BlobReply commit(const std::string& blob, const std::string& list, Parameters headers = {}) {
    BlobCall call = on(BlobOperation::PutBlockList, blob, std::move(headers));
    call.document = Document::array();
    std::istringstream items(list);
    for (std::string item; items >> item;) {
      const auto colon = item.find(':');
      call.document.push_back({{"id", base64_encode(item.substr(colon + 1))}, {"list", item.substr(0, colon)}});
    }
    return run(call);
  }

  std::string get(const std::string& blob, Parameters headers = {}) {
    return read_all(*run(on(BlobOperation::GetBlob, blob, std::move(headers))).bytes);
  }

  // "412 ConditionNotMet", or "ok".
  template <class Function>
  std::string outcome(const Function& function) {
    try {
      function();
      return "ok";
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code();
    }
  }
  std::string outcome(const BlobCall& call) {
    return outcome([&] { run(call); });
  }

  // "a/ b c" with prefixes and blobs as they would stand on the wire, and "…" when there is more.
  std::string list(Parameters query, std::string* marker = nullptr) {
    const Document body = run(on(BlobOperation::ListBlobs, "", {}, std::move(query))).body;
    std::vector<std::string> names;
    for (const Document& blob : body["Blobs"]) names.push_back(blob["Name"]);
    for (const Document& prefix : body["BlobPrefixes"]) names.push_back(prefix["Name"].get<std::string>() + "*");
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    if (marker) *marker = body["NextMarker"];
    return body["NextMarker"] == "" ? text : text + " …";
  }

  MemoryBlobStore store_;
  Time now_ = kStart;
  BlobService service_{store_,
                       [this] { return now_; },
                       {{"acct", {kKey}, std::chrono::days(7)}, {"other", {kKey}}},
                       {.own = {"127.0.0.1:10000"}}};
};

}  // namespace batchite::testing
