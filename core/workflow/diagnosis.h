// Why work failed, in sentences for a person: what, where, the tail of its stderr, the remedy.
// Reads files of nodes and tasks through the backend; a file that can't be read is left out, never an error.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::workflow {

// "BlobNotFound: The specified blob does not exist. (FilePath: …)"; empty without failure, and for a bare exit code.
std::string describe_failure(const Reader& failure_info);

// Some or all nodes of the pool have a failed start task or are unusable.
std::string explain_lost_nodes(Client& client, const Document& pool, const std::vector<Document>& nodes);
std::string explain_resize_errors(const Document& pool);
// The preparation task failed on every node.
std::string explain_failed_preparation(Client& client, const std::string& job, const std::vector<Document>& statuses);

// The last lines of a task's stderr.txt; empty if there is none.
std::string stderr_of_task(Client& client, const std::string& job, const std::string& task);

// What the tasks say they upload, against what is there. `blobs` by container, in name order.
struct Unmatched {
  std::string task;
  std::string pattern;
  bool operator==(const Unmatched&) const = default;
};
std::vector<Unmatched> unmatched_outputs(const std::vector<Document>& tasks, const std::vector<TaskRow>& rows,
                                         const std::map<std::string, std::vector<StoredBlob>>& blobs);

// The container an address names: the last part of its path.
std::string container_of(const std::string& url);

}  // namespace batchite::workflow
