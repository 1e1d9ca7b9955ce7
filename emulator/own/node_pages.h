// What goes wrong with nodes, and how they are told, below /_batchite/:
//   POST nodes/{pool}/{node}/preempt?notice=PT30S&away=PT5M | fail?code=…&message=… | recover
//   GET, POST metadata/scheduledevents, and nodes/{node}/metadata/scheduledevents for one node: Azure's Scheduled
//   Events
// A web page must not be able to send these: a POST needs the header x-batchite-control, the metadata service its own
// Metadata: true. Any thread; throws Error.
// Source: learn.microsoft.com/azure/virtual-machines/linux/scheduled-events.
#pragma once
#include <optional>

#include "core/backend.h"
#include "emulator/http/message.h"

namespace batchite {

inline constexpr std::string_view kControlHeader = "x-batchite-control";

// `path`: below /_batchite/, still encoded. nullopt: none of these.
std::optional<Document> node_page(Backend& backend, const http::Request& request, std::string_view path);

}  // namespace batchite
