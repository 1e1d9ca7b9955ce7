// Taking away what a run made, newest first, and what runs before it could not take away.
// Nothing here throws: a thing that can't be deleted becomes a Notice, and the others go on. One thread.
#pragma once
#include <string>
#include <vector>

#include "core/workflow/client.h"
#include "core/workflow/events.h"

namespace batchite::workflow {

struct Made {
  Stage kind;  // DeleteContainer, DeleteJob or DeletePool
  std::string id;
};

// Something of a run that did not clear up.
struct Leftover {
  Made made;
  std::string run;  // its id
};

class Cleanup {
 public:
  Cleanup(Client& client, Pace& pace, Observer& observer) : client_(client), pace_(pace), observer_(observer) {}

  void add(Stage kind, std::string id) { made_.push_back({kind, std::move(id)}); }
  const std::vector<Made>& made() const { return made_; }
  const std::vector<std::string>& left() const { return left_; }  // as "pool p1"
  // Deletes all of it in reverse order, and waits until jobs and pools are gone. What could not be deleted stays in
  // left().
  void run();
  // What carries the mark of any run, also of one that is not over: jobs, then pools, then containers.
  std::vector<Leftover> leftovers();
  void remove(const std::vector<Leftover>& leftovers);

 private:
  void ask(const Made& made);
  void remove(const Made& made);
  void wait_until_gone(const Made& made);

  Client& client_;
  Pace& pace_;
  Observer& observer_;
  std::vector<Made> made_;
  std::vector<std::string> left_;
};

}  // namespace batchite::workflow
