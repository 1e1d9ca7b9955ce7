// The commands, each a function that declares its flags and says what it does. commands.cc lists them.
#pragma once
#include "cli/program.h"

namespace batchite::cli {

void declare_commands(Program& program);

void declare_run(Program& program);         // run
void declare_cleanup(Program& program);     // cleanup
void declare_templates(Program& program);   // template lint|expand|params
void declare_resources(Program& program);   // pool, node, job, task, file …: made from the contract; api
void declare_tasks(Program& program);       // task add, task why, logs, wait
void declare_nodes(Program& program);       // node preempt|fail|recover
void declare_apps(Program& program);        // app
void declare_autoscale(Program& program);   // autoscale eval
void declare_blobs(Program& program);       // container, blob
void declare_start(Program& program);       // start, env
void declare_doctor(Program& program);      // doctor, version
void declare_completion(Program& program);  // completion; last, for it knows the others

}  // namespace batchite::cli
