#include "emulator/batch/router.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace batchite::batch {
namespace {

// "Pool_Get poolId=p1", or "404 ResourceNotFound: the reason".
std::string route(std::string_view method, std::string_view path) {
  static const Router router;
  try {
    const Route found = router.find(method, path);
    std::string text(found.operation->id);
    for (const auto& [name, value] : found.path) text += " " + name + "=" + value;
    return text;
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.code() + ": " + error.values().at(0).value;
  }
}

struct Case {
  std::string_view method, path, expected;
};

TEST(Router, FindsOperationsAndTheirParameters) {
  const Case cases[] = {
      {"GET", "/pools", "Pool_List"},
      {"POST", "/pools", "Pool_Add"},
      {"HEAD", "/pools/p1", "Pool_Exists poolId=p1"},
      {"GET", "/pools/p1/nodes/n1", "ComputeNode_Get poolId=p1 nodeId=n1"},
      {"PUT", "/pools/p1/nodes/n1/users/ann", "ComputeNode_UpdateUser poolId=p1 nodeId=n1 userName=ann"},
      {"POST", "/jobs/j1/addtaskcollection", "Task_AddCollection jobId=j1"},
      {"GET", "/jobs/j1/tasks/t1/subtasksinfo", "Task_ListSubtasks jobId=j1 taskId=t1"},
      {"GET", "/jobschedules/s1/jobs", "Job_ListFromJobSchedule jobScheduleId=s1"},
      {"GET", "/lifetimepoolstats", "Pool_GetAllLifetimeStatistics"},
  };
  for (const Case& c : cases) EXPECT_EQ(route(c.method, c.path), c.expected) << c.method << " " << c.path;
}

TEST(Router, FindsEveryOperationByItsOwnPath) {
  static const Router router;
  for (const contract::Operation& operation : contract::operations()) {
    std::string path(operation.path);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
      path.replace(at, path.find('}', at) + 1 - at, "x");
    }
    EXPECT_EQ(router.find(contract::to_string(operation.method), path).operation, &operation) << path;
  }
}

TEST(Router, DecodesSegmentsOneByOne) {
  const Case cases[] = {
      {"GET", "/pools/%70%31", "Pool_Get poolId=p1"},
      {"GET", "/pools/a%20b", "Pool_Get poolId=a b"},
      {"GET", "/pools/a+b", "Pool_Get poolId=a+b"},  // a blank only in queries
      {"GET", "/pools/p1%2Fnodes", "Pool_Get poolId=p1/nodes"},
      {"GET", "/jobs/sched%3Ajob-1", "Job_Get jobId=sched:job-1"},
      {"GET", "/jobs/sched:job-1", "Job_Get jobId=sched:job-1"},
      {"GET", "/pools/%E6%BC%A2", "Pool_Get poolId=漢"},
  };
  for (const Case& c : cases) EXPECT_EQ(route(c.method, c.path), c.expected) << c.path;
}

TEST(Router, TakesAFilesPathWithEncodedAndWithPlainSlashes) {
  const Case cases[] = {
      {"GET", "/jobs/j1/tasks/t1/files", "File_ListFromTask jobId=j1 taskId=t1"},
      {"GET", "/jobs/j1/tasks/t1/files/", "File_ListFromTask jobId=j1 taskId=t1"},
      {"GET", "/jobs/j1/tasks/t1/files/wd%2Fout.txt", "File_GetFromTask jobId=j1 taskId=t1 filePath=wd/out.txt"},
      {"GET", "/jobs/j1/tasks/t1/files/wd/out.txt", "File_GetFromTask jobId=j1 taskId=t1 filePath=wd/out.txt"},
      {"GET", "/jobs/j1/tasks/t1/files/wd%5Cout.txt", "File_GetFromTask jobId=j1 taskId=t1 filePath=wd\\out.txt"},
      {"DELETE", "/pools/p1/nodes/n1/files/startup/wd/%C3%A4%20b",
       "File_DeleteFromComputeNode poolId=p1 nodeId=n1 filePath=startup/wd/ä b"},
      {"HEAD", "/jobs/j1/tasks/t1/files/a%252Fb", "File_GetPropertiesFromTask jobId=j1 taskId=t1 filePath=a%2Fb"},
  };
  for (const Case& c : cases) EXPECT_EQ(route(c.method, c.path), c.expected) << c.path;
}

TEST(Router, ReadsCertificateNamesWithoutRegardToCase) {
  const std::string_view expected = "Certificate_Get thumbprintAlgorithm=sha1 thumbprint=ab";
  for (const std::string_view path : {"/certificates(thumbprintAlgorithm=sha1,thumbprint=ab)",
                                      "/certificates(ThumbprintAlgorithm=sha1,Thumbprint=ab)",
                                      "/certificates(THUMBPRINTALGORITHM=sha1,THUMBPRINT=ab)",
                                      "/certificates(thumbprintAlgorithm=%73ha1,thumbprint=%61b)",
                                      "/certificates(thumbprintAlgorithm=sha1,thumbprint=ab)/"}) {
    EXPECT_EQ(route("GET", path), expected) << path;
  }
  EXPECT_EQ(route("POST", "/certificates(thumbprintAlgorithm=sha1,thumbprint=ab)/canceldelete"),
            "Certificate_CancelDeletion thumbprintAlgorithm=sha1 thumbprint=ab");
  for (const std::string_view path :
       {"/certificates()", "/certificates(", "/certificates(thumbprint=ab)",
        "/certificates(thumbprint=ab,thumbprintAlgorithm=sha1)",
        "/certificates(thumbprintAlgorithm=sha1,thumbprint=ab,x=y)",
        "/certificates(thumbprintAlgorithm=sha1,thumbprint=ab", "/certificates(thumbprintAlgorithm,thumbprint)",
        "/Certificates(thumbprintAlgorithm=sha1,thumbprint=ab)"}) {
    EXPECT_EQ(route("GET", path), "404 ResourceNotFound: No resource has the path " + std::string(path));
  }
}

TEST(Router, OverlooksOneSlashAtTheEnd) {
  EXPECT_EQ(route("GET", "/pools/"), "Pool_List");
  EXPECT_EQ(route("POST", "/pools/p1/resize/"), "Pool_Resize poolId=p1");
  EXPECT_EQ(route("GET", "/pools//"), "404 ResourceNotFound: No resource has the path /pools//");
}

TEST(Router, RefusesPathsThatThereAreNot) {
  for (const std::string_view path :
       {"/", "", "//", "/Pools", "/poools", "/pools//nodes", "/pools/p1/nodes//reboot", "//pools", "/pools/p1/explode",
        "/pools/p1/nodes/n1/reboot/now", "/pools/p1/../p2", "/acct/pools", "/%70ools"}) {
    EXPECT_EQ(route("GET", path), "404 ResourceNotFound: No resource has the path " + std::string(path));
  }
}

TEST(Router, TellsWhichMethodsAPathTakes) {
  EXPECT_EQ(route("DELETE", "/pools"), "405 UnsupportedHttpVerb: /pools takes POST, GET");
  EXPECT_EQ(route("GET", "/pools/p1/resize"), "405 UnsupportedHttpVerb: /pools/p1/resize takes POST");
  EXPECT_EQ(route("get", "/jobs/j1/taskcounts"), "405 UnsupportedHttpVerb: /jobs/j1/taskcounts takes GET");
  EXPECT_EQ(route("OPTIONS", "/nodecounts"), "405 UnsupportedHttpVerb: /nodecounts takes GET");
}

}  // namespace
}  // namespace batchite::batch
