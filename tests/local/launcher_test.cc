#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "backends/local/landlock.h"
#include "core/base/error.h"
#include "tests/local/launcher_fixture.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using Kind = TaskExit::Kind;

// A daemon as daemons do it: forked twice, a session of its own, an empty environment, deaf to polite signals.
std::string daemon(const std::string& pid_file) {
  return "(env -i /usr/bin/setsid /bin/sh -c \"trap '' TERM HUP INT; echo \\$\\$ > " + pid_file +
         "; while :; do /bin/sleep 1000; done\" &)";
}

// ---- how runs end

TEST_F(LauncherTest, AnExitCodeIsReportedWithTimesAndUsage) {
  const TaskExit exit = run(1, "/bin/sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 9'");
  EXPECT_EQ(exit.kind, Kind::Exited);
  EXPECT_EQ(exit.value, 9);
  EXPECT_EQ(shell_exit_code(exit), 9);
  EXPECT_FALSE(exit.timed_out || exit.killed);
  EXPECT_GT((exit.user_time + exit.system_time).count(), 0);
  EXPECT_GT(exit.max_rss_bytes, 100'000);
  EXPECT_GT(exit.started, kNever);
  EXPECT_GT(exit.ended, exit.started);
  const auto now = std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
  EXPECT_LT(now - exit.ended, Ticks(1min));
}

TEST_F(LauncherTest, ASignalIsToldFromTheExitCodeOfTheSameNumber) {
  const TaskExit exit = run(1, "/bin/sh -c 'kill -9 $$'");
  EXPECT_EQ(exit.kind, Kind::Signalled);
  EXPECT_EQ(exit.value, SIGKILL);
  EXPECT_EQ(shell_exit_code(exit), 137);
  EXPECT_FALSE(exit.killed);
}

TEST_F(LauncherTest, AMissingProgramLeavesEmptyOutputFiles) {
  for (const char* command : {"no-such-program", "/no/such/program", "./no-such", "cmd /c echo hello"}) {
    const TaskExit exit = run(1, command);
    EXPECT_EQ(exit.kind, Kind::ProgramNotFound) << command;
    EXPECT_EQ(exit.value, ENOENT);
    EXPECT_EQ(shell_exit_code(exit), 127);
    EXPECT_EQ(exit.started, kNever);
    EXPECT_GT(exit.ended, kNever);
    EXPECT_TRUE(fs::exists(root_ / "1/stdout.txt"));
    EXPECT_EQ(fs::file_size(root_ / "1/stderr.txt"), 0U);
  }
}

TEST_F(LauncherTest, WhatCannotStartNamesTheStepAndTheError) {
  std::ofstream(root_ / "text") << "#!/bin/sh\n";
  std::ofstream(root_ / "orphan") << "#!/no/such/interpreter\n";
  fs::permissions(root_ / "orphan", fs::perms(0755));
  RunRequest missing_directory = request(3, "true");
  missing_directory.working_directory = root_ / "nowhere";
  RunRequest unwritable = request(4, "true");
  unwritable.stdout_path = root_ / "nowhere/stdout.txt";
  RunRequest file_in_the_way = request(5, "true");
  file_in_the_way.directories = {root_ / "text/below"};
  struct Case {
    RunRequest request;
    int error;
    std::string step;
  };
  const Case cases[] = {{request(1, (root_ / "text").string()), EACCES, "exec"},
                        {request(2, (root_ / "orphan").string()), ENOENT, "interpreter"},
                        {missing_directory, ENOENT, "working directory"},
                        {unwritable, ENOENT, "nowhere/stdout.txt"},
                        {file_in_the_way, ENOTDIR, "text/below"},
                        {request(6, "  "), EINVAL, "command line"}};
  for (const Case& each : cases) {
    const TaskExit exit = run(each.request);
    EXPECT_EQ(exit.kind, Kind::LaunchFailed) << each.step;
    EXPECT_EQ(exit.value, each.error) << exit.step;
    EXPECT_THAT(exit.step, HasSubstr(each.step));
    EXPECT_EQ(shell_exit_code(exit), 126);
  }
}

TEST_F(LauncherTest, AnIdInUseIsRefusedAndTheFirstRunGoesOn) {
  launcher().run(request(1, "sleep 1000"));
  launcher().run(request(1, "true"));
  EXPECT_EQ(exit_of(1).kind, Kind::LaunchFailed);
  launcher().kill(1);
  EXPECT_EQ(exit_of(1).kind, Kind::Signalled);
}

// ---- what a task sees

TEST_F(LauncherTest, TheProgramIsSearchedAlongTheTasksOwnPath) {
  fs::create_directories(root_ / "tools");
  std::ofstream(root_ / "tools/greet") << "echo hello $1\n";  // without #!
  fs::permissions(root_ / "tools/greet", fs::perms(0755));
  RunRequest greet = request(1, "greet 'big world'");
  greet.environment = {"PATH=/nowhere:" + (root_ / "tools").string() + ":/bin"};
  EXPECT_EQ(run(greet).value, 0);
  EXPECT_EQ(out(1), "hello big world\n");
}

TEST_F(LauncherTest, TheSearchGoesOnBehindWhatCannotRun) {
  fs::create_directories(root_ / "first");
  std::ofstream(root_ / "first/env") << "not executable\n";
  RunRequest env = request(1, "env");
  env.environment = {"PATH=" + (root_ / "first").string() + ":/bin:/usr/bin"};
  EXPECT_EQ(run(env).value, 0);
  env.environment = {"PATH=" + (root_ / "first").string() + ":/nowhere"};
  const TaskExit exit = run(env);
  EXPECT_EQ(exit.kind, Kind::LaunchFailed);
  EXPECT_EQ(exit.value, EACCES);
}

TEST_F(LauncherTest, ArgumentsThatAreSplitAlreadyAreTakenAsTheyAre) {
  RunRequest split = request(1, "ignored");
  split.arguments = {"/usr/bin/printf", "%s|", "a b", "", "'c'"};
  EXPECT_EQ(run(split).value, 0);
  EXPECT_EQ(out(1), "a b||'c'|");
}

TEST_F(LauncherTest, TheEnvironmentIsExactlyWhatWasGiven) {
  ::setenv("BATCHITE_LEAK", "1", 1);
  EXPECT_EQ(run(1, "env").value, 0);
  EXPECT_EQ(out(1), "PATH=/usr/local/bin:/usr/bin:/bin\nNAME=value\n");
}

TEST_F(LauncherTest, AnEnvironmentLargerThanAPacketArrives) {
  RunRequest large = request(1, "sh -c 'echo ${#V0} ${#V99}'");
  for (int i = 0; i < 100; ++i) large.environment.push_back("V" + std::to_string(i) + "=" + std::string(10'000, 'x'));
  EXPECT_EQ(run(large).value, 0) << err(1);
  EXPECT_EQ(out(1), "10000 10000\n");
}

TEST_F(LauncherTest, OnlyStandardStreamsAreOpen) {
  const FileDescriptor leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec
  EXPECT_EQ(
      run(1, "/bin/sh -c 'for fd in /proc/self/fd/*; do echo ${fd##*/} $(readlink /proc/$$/fd/${fd##*/}); done'").value,
      0);
  const std::string task = (root_ / "1").string();
  EXPECT_THAT(out(1), testing::StartsWith("0 /dev/null\n1 " + task + "/stdout.txt\n2 " + task + "/stderr.txt\n"));
  RunRequest list = request(2, "ls /proc/self/fd");
  EXPECT_EQ(run(list).value, 0);
  EXPECT_EQ(out(2), "0\n1\n2\n3\n");  // 3 is what ls itself has opened
}

TEST_F(LauncherTest, SignalsMaskUmaskLimitsAndSessionAreFresh) {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t blocked, old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const mode_t umask_before = ::umask(077);
  launcher();
  ::umask(umask_before);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::sigaction(SIGPIPE, &before, nullptr);

  EXPECT_EQ(run(1,
                "/bin/sh -c 'umask; ulimit -c; ulimit -Hc; cut -d\" \" -f1,6 /proc/$$/stat | tr \" \" \"\\n\" | uniq | "
                "wc -l'")
                .value,
            0);
  EXPECT_EQ(out(1), "0022\n0\n0\n1\n");  // one number: the process leads its session
  EXPECT_EQ(run(2, "grep -E 'Sig(Blk|Ign)|NoNewPrivs' /proc/self/status").value, 0);
  EXPECT_EQ(out(2), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n");
  struct stat status {};
  ASSERT_EQ(::stat((root_ / "1/stdout.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST_F(LauncherTest, AdministratorsMayGainPrivileges) {
  RunRequest admin = request(1, "grep NoNewPrivs /proc/self/status");
  admin.admin = true;
  EXPECT_EQ(run(admin).value, 0);
  EXPECT_EQ(out(1), "NoNewPrivs:\t0\n");
}

TEST_F(LauncherTest, OutputFilesAreEmptiedForEachRun) {
  EXPECT_EQ(run(1, "echo a long first line").value, 0);
  EXPECT_EQ(run(1, "echo short").value, 0);
  EXPECT_EQ(out(1), "short\n");
}

// ---- killing

TEST_F(LauncherTest, OutputIsAppendedWhereThatIsAskedFor) {
  run(1, "/bin/sh -c 'echo first; echo oops >&2'");
  RunRequest again = request(1, "/bin/sh -c 'echo second'");
  again.append = true;
  run(again);
  EXPECT_EQ(out(1), "first\nsecond\n");
  EXPECT_EQ(err(1), "oops\n");
}

TEST_F(LauncherTest, WhatARunThatLingersLeftIsThereUntilItIsKilled) {
  RunRequest lingering = request(1, "/bin/sh -c '" + daemon("daemon") + "; sleep 1000 & echo $! > child'");
  lingering.lingers = true;
  lingering.wall_clock_limit = 1h;
  const TaskExit exit = run(lingering);
  EXPECT_TRUE(exit.lingers);
  EXPECT_EQ(exit.kind, Kind::Exited);
  EXPECT_EQ(exit.value, 0);
  const pid_t left = pid_in(1, "daemon"), child = pid_in(1, "child");
  run(2, "/bin/true");  // which clears away after itself
  EXPECT_TRUE(is_alive(left));
  EXPECT_TRUE(is_alive(child));
  launcher().kill(1);
  const TaskExit last = exit_of(1);
  EXPECT_FALSE(last.lingers);
  EXPECT_TRUE(last.killed);
  EXPECT_TRUE(is_gone(left));
  EXPECT_TRUE(is_gone(child));
}

TEST_F(LauncherTest, ARunThatFailsOrIsKilledDoesNotLinger) {
  RunRequest failing = request(1, "/bin/sh -c 'sleep 1000 & echo $! > child; exit 3'");
  failing.lingers = true;
  EXPECT_FALSE(run(failing).lingers);
  EXPECT_TRUE(is_gone(pid_in(1, "child")));
  RunRequest killed = request(2, "/bin/sh -c 'echo $$ > pid; sleep 1000'");
  killed.lingers = true;
  launcher().run(killed);
  pid_in(2, "pid");
  launcher().kill(2);
  EXPECT_FALSE(exit_of(2).lingers);
}

TEST_F(LauncherTest, AKilledTaskEndsAsSignalled) {
  launcher().run(request(1, "/bin/sh -c 'echo $$ > pid; exec sleep 1000'"));
  const pid_t pid = pid_in(1, "pid");
  launcher().kill(1);
  const TaskExit exit = exit_of(1);
  EXPECT_EQ(exit.kind, Kind::Signalled);
  EXPECT_EQ(exit.value, SIGKILL);
  EXPECT_TRUE(exit.killed);
  EXPECT_FALSE(exit.timed_out);
  EXPECT_FALSE(is_alive(pid));
}

TEST_F(LauncherTest, KillingReachesDaemonsAndGrandchildren) {
  launcher().run(request(1, "/bin/sh -c '" + daemon("daemon") +
                                "; sh -c \"sh -c \\\"echo \\\\\\$\\\\\\$ > grandchild; sleep 1000; :\\\"; :\"; :'"));
  const pid_t daemon_pid = pid_in(1, "daemon");
  const pid_t grandchild = pid_in(1, "grandchild");
  EXPECT_FALSE(is_gone(daemon_pid));
  launcher().kill(1);
  EXPECT_TRUE(exit_of(1).killed);
  EXPECT_TRUE(is_gone(daemon_pid));
  EXPECT_TRUE(is_gone(grandchild));
}

TEST_F(LauncherTest, KillingWhatIsOverOrUnknownDoesNothing) {
  EXPECT_EQ(run(1, "true").value, 0);
  launcher().kill(1);
  launcher().kill(77);
  EXPECT_EQ(run(2, "true").value, 0);
}

TEST_F(LauncherTest, ARunThatWaitsForItsTurnCanBeKilled) {
  std::vector<RunRequest> requests;
  for (std::uint64_t id = 1; id <= 200; ++id) requests.push_back(request(id, "sleep 1000"));
  launcher().run_many(requests);
  for (std::uint64_t id = 1; id <= 200; ++id) launcher().kill(id);
  for (std::uint64_t id = 1; id <= 200; ++id) EXPECT_TRUE(exit_of(id).killed) << id;
}

TEST_F(LauncherTest, TheWallClockLimitEndsTheWholeTree) {
  RunRequest limited = request(1, "/bin/sh -c '" + daemon("daemon") + "; sleep 1000; :'");
  limited.wall_clock_limit = 300ms;
  const auto before = std::chrono::steady_clock::now();
  const TaskExit exit = run(limited);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 300ms);
  EXPECT_TRUE(exit.timed_out);
  EXPECT_FALSE(exit.killed);
  EXPECT_EQ(exit.value, SIGKILL);
  EXPECT_TRUE(is_gone(pid_in(1, "daemon")));
}

TEST_F(LauncherTest, ALimitThatIsNotReachedChangesNothing) {
  RunRequest limited = request(1, "true");
  for (const std::chrono::nanoseconds limit : {std::chrono::nanoseconds(1h), std::chrono::nanoseconds::max()}) {
    limited.wall_clock_limit = limit;
    const TaskExit exit = run(limited);
    EXPECT_EQ(exit.kind, Kind::Exited);
    EXPECT_FALSE(exit.timed_out);
  }
}

// ---- strays

TEST_F(LauncherTest, DaemonsDieWithTheTaskThatStartedThemAndNoOther) {
  launcher().run(request(1, "/bin/sh -c '" + daemon("daemon") + "; while [ ! -e stop ]; do sleep 0.01; done'"));
  const pid_t of_first = pid_in(1, "daemon");
  EXPECT_EQ(run(2, "/bin/sh -c '" + daemon("daemon") + "; while [ ! -s daemon ]; do sleep 0.01; done'").value, 0);
  EXPECT_TRUE(is_gone(pid_in(2, "daemon")));
  EXPECT_FALSE(is_gone(of_first));
  std::ofstream(root_ / "1/wd/stop") << "\n";
  EXPECT_EQ(exit_of(1).value, 0);
  EXPECT_TRUE(is_gone(of_first));
}

TEST_F(LauncherTest, BackgroundChildrenOfAnEndedTaskDie) {
  EXPECT_EQ(run(1, "/bin/sh -c 'sleep 1000 & echo $! > child; exit 3'").value, 3);
  EXPECT_TRUE(is_gone(pid_in(1, "child")));
}

TEST_F(LauncherTest, HundredsOfStraysDie) {
  const TaskExit exit =
      run(1, "/bin/sh -c 'i=0; while [ $i -lt 200 ]; do setsid sleep 98765 & echo $! >> pids; i=$((i+1)); done'");
  EXPECT_EQ(exit.value, 0);
  std::ifstream pids(root_ / "1/wd/pids");
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count) EXPECT_TRUE(is_gone(pid)) << pid;
  EXPECT_EQ(count, 200);
}

TEST_F(LauncherTest, AProcessThatFleesFromChildToChildIsCaught) {
  // Each shell starts the next one in a new session and ends at once.
  std::ofstream(root_ / "comet.sh") << "echo $$ > comet\nsetsid sh " << (root_ / "comet.sh").string() << " &\n";
  const TaskExit exit =
      run(1, "/bin/sh -c 'sh " + (root_ / "comet.sh").string() + "; while [ ! -s comet ]; do :; done'");
  EXPECT_EQ(exit.kind, Kind::Exited);
  const std::string last = read_text(root_ / "1/wd/comet");
  std::this_thread::sleep_for(50ms);  // it would have moved on
  EXPECT_EQ(read_text(root_ / "1/wd/comet"), last);
}

// ---- the launcher's own life

TEST_F(LauncherTest, DestructionEndsEveryProcess) {
  launcher().run(request(1, "/bin/sh -c '" + daemon("daemon") + "; echo $$ > main; sleep 1000; :'"));
  const pid_t daemon_pid = pid_in(1, "daemon");
  const pid_t main = pid_in(1, "main");
  launcher_.reset();
  EXPECT_TRUE(is_gone(daemon_pid));
  EXPECT_TRUE(is_gone(main));
}

// The server as a process of its own, which never gets to say goodbye. `hold_socket`: somebody else keeps its end of
// the socket.
pid_t start_server(const std::function<void()>& serve) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve();
    for (;;) ::pause();
  }
  return pid;
}

TEST_F(LauncherTest, EverythingIsGoneSoonAfterTheServerIsKilled) {
  for (const bool socket_outlives_server : {false, true}) {
    const std::uint64_t id = socket_outlives_server ? 2 : 1;
    int keep[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, keep), 0);
    const FileDescriptor ours(keep[0]), theirs(keep[1]);
    const pid_t server = start_server([&] {
      Launcher& of_server = *new Launcher({.program = BATCHITE_PROGRAM});  // NOLINT: ends by SIGKILL
      of_server.run(request(id, "/bin/sh -c '" + daemon("daemon") + "; echo $$ > main; sleep 1000; :'"));
      std::ofstream(root_ / "launcher") << of_server.pid() << "\n";
      if (!socket_outlives_server) return;
      if (::fork() == 0) {  // holds the server's end of the launcher's socket until our own test ends
        ::close(theirs.get());
        char none = 0;
        (void)!::read(ours.get(), &none, 1);
        ::_exit(0);
      }
    });
    const pid_t daemon_pid = pid_in(id, "daemon");
    const pid_t main = pid_in(id, "main");
    ASSERT_FALSE(is_gone(daemon_pid));
    const auto before = std::chrono::steady_clock::now();
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    EXPECT_TRUE(eventually([&] { return is_gone(daemon_pid) && is_gone(main); }));
    const auto took = std::chrono::steady_clock::now() - before;
    EXPECT_LT(took, 2s);
    ::testing::Test::RecordProperty(
        "milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  }
}

TEST_F(LauncherTest, TheEndOfTheThreadThatMadeItIsNotTheEndOfTheServer) {
  std::thread([this] { launcher(); }).join();
  EXPECT_EQ(run(1, "true").value, 0);
}

TEST_F(LauncherTest, TasksDieWithTheLauncherAndItsLossIsReported) {
  launcher().run(request(1, "/bin/sh -c 'echo $$ > main; exec sleep 1000'"));
  const pid_t main = pid_in(1, "main");
  ::kill(launcher().pid(), SIGKILL);
  EXPECT_THROW(
      {
        for (;;) launcher().wait(10s);
      },
      LauncherLost);
  EXPECT_TRUE(eventually([&] { return is_gone(main); }));
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) launcher().kill(1);
      },
      LauncherLost);
}

TEST_F(LauncherTest, AProgramThatIsMissingIsNamed) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "vfork is fork under ThreadSanitizer, so that Boost does not hear of the error";
#endif
  try {
    const Launcher missing({.program = "/no/such/batchite"});
    FAIL() << "it started";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_THAT(error.what(), HasSubstr("/no/such/batchite"));
  }
}

TEST_F(LauncherTest, WaitingEndsWithTheTime) { EXPECT_THAT(launcher().wait(10ms), testing::IsEmpty()); }

TEST_F(LauncherTest, ThousandsOfRunsInOneOrderAllEnd) {
  std::vector<RunRequest> requests;
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    RunRequest each = request(id, id % 3 == 0 ? "no-such-program" : "true");
    each.directories = {};
    each.working_directory = root_;
    each.stdout_path = root_ / "out";
    each.stderr_path = root_ / "err";
    requests.push_back(std::move(each));
  }
  launcher().run_many(requests);
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    EXPECT_EQ(exit_of(id).kind, id % 3 == 0 ? Kind::ProgramNotFound : Kind::Exited) << id;
  }
  EXPECT_THAT(exits_, testing::IsEmpty());
}

// ---- levels

TEST_F(LauncherTest, TheOverlayLevelIsRefusedByName) {
  RunRequest overlay = request(1, "true");
  overlay.isolation = Isolation::Overlay;
  try {
    launcher().run(overlay);
    FAIL() << "it was accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("overlay is not available yet"));
  }
}

TEST_F(LauncherTest, LandlockRulesArePreparedOncePerNode) {
  if (landlock_abi() < kLandlockAbiNeeded) GTEST_SKIP() << "this kernel has no Landlock of ABI 2";
  const std::string outside = "/dev/batchite-launcher-test";
  RunRequest confined = request(1, "/bin/sh -c 'echo inside > file && cat file; echo outside > " + outside + "'");
  confined.isolation = Isolation::Landlock;
  confined.node = 7;
  EXPECT_THAT(run(confined).step, HasSubstr("not prepared"));

  launcher().prepare_node(7, {root_});
  const TaskExit exit = run(confined);
  EXPECT_EQ(exit.kind, Kind::Exited);
  EXPECT_NE(exit.value, 0);
  EXPECT_EQ(out(1), "inside\n");
  EXPECT_THAT(err(1), HasSubstr("Permission denied"));
  EXPECT_FALSE(fs::exists(outside));

  launcher().forget_node(7);
  EXPECT_THAT(run(confined).step, HasSubstr("not prepared"));
  launcher().prepare_node(7, {root_ / "missing"});
  const TaskExit refused = run(confined);
  EXPECT_EQ(refused.kind, Kind::LaunchFailed);
  EXPECT_EQ(refused.value, ENOENT);
  EXPECT_THAT(refused.step, HasSubstr("missing"));
}

}  // namespace
}  // namespace batchite
