// The launcher: a small process that starts, watches and kills task processes, so that the server never forks.
// Its other end is the Launcher of launcher_client.h. When the socket ends or its parent dies, it kills every task tree
// and exits.
#pragma once

namespace batchite {

// The hidden verb's whole work: `batchite __launcher`, with the socket on descriptor 3 (kLauncherSocket). Call it first
// thing in main(): it closes every other descriptor above 2 and expects no threads. Returns the exit code.
int launcher_main(int socket_fd);

inline constexpr int kLauncherSocket = 3;
inline constexpr const char* kLauncherVerb = "__launcher";

}  // namespace batchite
