#include "backends/local/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <map>

#include "backends/local/file_blob_store.h"
#include "backends/local/output_files.h"
#include "core/base/encoding.h"
#include "core/signing/sas.h"
#include "tests/support/http_server.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

constexpr char kKey[] = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
constexpr char kEndpoint[] = "http://127.0.0.1:10000";
constexpr Time kNow{std::chrono::days(19'800)};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

class StagingTest : public ::testing::Test {
 protected:
  StagingTest() {
    std::string pattern = (fs::temp_directory_path() / "staging-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    task_ = root_ / "nodes/n1/workitems/j/job-1/t";
    work_ = task_ / "wd";
    fs::create_directories(work_);
    store_ = std::make_unique<FileBlobStore>(FileBlobStoreOptions{.root = (root_ / "blobs").string()});
    service_ = std::make_unique<BlobService>(
        *store_, [] { return kNow; }, std::vector<BlobAccount>{{"acct", {kKey}}});
    staging_ = std::make_unique<Staging>(
        *service_, StagingOptions{.storage_account = "acct",
                                  .endpoints = {kEndpoint},
                                  .http = {.attempts = 3, .pause_ms = 1, .connect_timeout_ms = 2000}});
    service_->call({.operation = BlobOperation::CreateContainer, .account = "acct", .container = "data"});
  }
  ~StagingTest() override {
    store_.reset();
    fs::remove_all(root_);
  }

  void put(const std::string& blob, const std::string& text) {
    StringSource body(text);
    service_->call({.operation = BlobOperation::PutBlob,
                    .account = "acct",
                    .container = "data",
                    .blob = blob,
                    .headers = {{"x-ms-blob-type", "BlockBlob"}},
                    .body = &body});
  }
  BlobReply head(const std::string& blob) {
    return service_->call(
        {.operation = BlobOperation::GetBlobProperties, .account = "acct", .container = "data", .blob = blob});
  }
  std::string blob(const std::string& name) { return text_of(root_ / "blobs/acct/data" / name); }
  std::string blobs() {
    std::string names;
    for (const BlobEntry& entry : store_->list({"acct", "data"}, {})) names += entry.name + " ";
    return names;
  }

  static std::string sas(const std::string& permissions, const std::string& blob_name = "") {
    return signing::make_service_sas({.terms = {.permissions = permissions, .expiry = kNow + std::chrono::hours(1)},
                                      .account = "acct",
                                      .container = "data",
                                      .blob = blob_name},
                                     *base64_decode(kKey));
  }
  static std::string container(const std::string& permissions) {
    return std::string(kEndpoint) + "/acct/data?" + sas(permissions);
  }
  static std::string url(const std::string& blob_name, const std::string& permissions) {
    return std::string(kEndpoint) + "/acct/data/" + percent_encode_path(blob_name) + "?" + sas(permissions, blob_name);
  }

  // "ok", or the failure's code and its FilePath.
  std::string in(const Document& files) { return told(staging_->stage_in(files, work_)); }
  static std::string told(const std::optional<Failure>& failure) {
    if (!failure) return "ok";
    for (const auto& [name, value] : failure->details) {
      if (name == "FilePath") return failure->code + " " + value;
    }
    return failure->code;
  }
  std::string out(const Document& files, int exit_code = 0) {
    return told(staging_->stage_out(files, {task_, {"AZ_BATCH_TASK_ID=t"}, exit_code}));
  }
  static Document output(const std::string& pattern, const std::string& path = "",
                         const std::string& condition = "taskCompletion") {
    return {{{"filePattern", pattern},
             {"destination", {{"container", {{"containerUrl", container("racwl")}, {"path", path}}}}},
             {"uploadOptions", {{"uploadCondition", condition}}}}};
  }

  fs::path root_, task_, work_;
  std::unique_ptr<FileBlobStore> store_;
  std::unique_ptr<BlobService> service_;
  std::unique_ptr<Staging> staging_;
};

TEST_F(StagingTest, AFileComesFromOurOwnStoreWithoutAnybodyListening) {
  put("in/clip 1.mp4", "film");
  EXPECT_EQ(in({{{"httpUrl", url("in/clip 1.mp4", "r")}, {"filePath", "x/clip.mp4"}, {"fileMode", "0640"}}}), "ok");
  EXPECT_EQ(text_of(work_ / "x/clip.mp4"), "film");
  struct stat status {};
  ASSERT_EQ(::stat((work_ / "x/clip.mp4").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0640u);
}

TEST_F(StagingTest, TheDefaultModeIs770) {
  put("a", "x");
  EXPECT_EQ(in({{{"httpUrl", url("a", "r")}, {"filePath", "a"}}}), "ok");
  struct stat status {};
  ASSERT_EQ(::stat((work_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0770u);
}

TEST_F(StagingTest, AContainerComesWithItsVirtualDirectoriesInFull) {
  for (const char* name : {"in/a.txt", "in/sub/b.txt", "other/c.txt", "in/dir/"}) put(name, name);
  EXPECT_EQ(in({{{"storageContainerUrl", container("rl")}, {"blobPrefix", "in/"}, {"filePath", "here"}}}), "ok");
  EXPECT_EQ(text_of(work_ / "here/in/a.txt"), "in/a.txt");
  EXPECT_EQ(text_of(work_ / "here/in/sub/b.txt"), "in/sub/b.txt");
  EXPECT_FALSE(fs::exists(work_ / "here/other"));
  EXPECT_EQ(in({{{"autoStorageContainerName", "data"}}}), "ok");
  EXPECT_EQ(text_of(work_ / "other/c.txt"), "other/c.txt");
}

TEST_F(StagingTest, ManyFilesComeSeveralAtOnce) {
  for (int i = 0; i < 100; ++i) put("f" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(in({{{"autoStorageContainerName", "data"}}}), "ok");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text_of(work_ / ("f" + std::to_string(i))), std::to_string(i));
}

TEST_F(StagingTest, DownloadsFailWithTheServicesCodes) {
  put("a", "x");
  const std::string expired = signing::make_service_sas(
      {.terms = {.permissions = "r", .expiry = kNow - std::chrono::hours(1)}, .account = "acct", .container = "data"},
      *base64_decode(kKey));
  const std::pair<Document, std::string> cases[] = {
      {{{"httpUrl", url("missing", "r")}, {"filePath", "m"}}, "BlobNotFound m"},
      {{{"httpUrl", url("a", "w")}, {"filePath", "a"}}, "BlobAccessDenied a"},
      {{{"httpUrl", std::string(kEndpoint) + "/acct/data/a"}, {"filePath", "a"}}, "BlobAccessDenied a"},
      {{{"httpUrl", std::string(kEndpoint) + "/acct/data/a?" + expired}, {"filePath", "a"}}, "BlobAccessDenied a"},
      {{{"storageContainerUrl", container("r")}}, "ResourceContainerAccessDenied "},
      {{{"autoStorageContainerName", "missing"}}, "ResourceContainerNotFound "},
      {{{"httpUrl", url("a", "r")}, {"filePath", "../a"}}, "ResourceFileCreateFailed ../a"},
      {{{"httpUrl", url("a", "r")}, {"filePath", "x/../../a"}}, "ResourceFileCreateFailed x/../../a"},
      {{{"httpUrl", url("a", "r")}, {"filePath", "/tmp/a"}}, "ResourceFileCreateFailed /tmp/a"},
      {{{"httpUrl", url("a", "r")}, {"filePath", ""}}, "ResourceFileCreateFailed "},
      {{{"httpUrl", url("a", "r")}, {"filePath", "file/a"}}, "ResourceDirectoryCreateFailed file/a"},
      {{{"httpUrl", "http://127.0.0.1:1/x"}, {"filePath", "r"}}, "BlobDownloadMiscError r"},
      {{{"httpUrl", "file:///etc/passwd"}, {"filePath", "p"}}, "BlobDownloadMiscError p"},
      {{{"filePath", "none"}}, "ResourceContainerNotFound none"},
  };
  write(work_ / "file", "in the way");
  for (const auto& [file, expected] : cases) EXPECT_EQ(in(Document::array({file})), expected);
  EXPECT_FALSE(fs::exists(work_ / "m"));
  EXPECT_FALSE(fs::exists(work_ / "r"));
}

TEST_F(StagingTest, AFailureDoesNotTellTheSignature) {
  const auto failure = staging_->stage_in({{{"httpUrl", url("missing", "r")}, {"filePath", "m"}}}, work_);
  ASSERT_TRUE(failure);
  for (const auto& [name, value] : failure->details) EXPECT_EQ(value.find("sig="), std::string::npos) << name;
}

TEST_F(StagingTest, ResourceFilesDoNotFollowLinksOut) {
  put("a", "x");
  fs::create_directories(root_ / "outside");
  write(root_ / "outside/victim", "safe");
  fs::create_directory_symlink(root_ / "outside", work_ / "link");
  fs::create_symlink(root_ / "outside/victim", work_ / "victim");
  EXPECT_EQ(in({{{"httpUrl", url("a", "r")}, {"filePath", "link/victim"}}}),
            "ResourceDirectoryCreateFailed link/victim");
  EXPECT_EQ(in({{{"httpUrl", url("a", "r")}, {"filePath", "victim"}}}), "ok");
  EXPECT_EQ(text_of(root_ / "outside/victim"), "safe");
  EXPECT_EQ(text_of(work_ / "victim"), "x");
}

TEST_F(StagingTest, RemoteFilesAreFetchedAgainAfterServerErrors) {
  std::atomic<int> asked = 0;
  testing::HttpServer server([&](const auto&) {
    return ++asked < 3 ? testing::HttpServer::respond(503, "later") : testing::HttpServer::respond(200, "remote bytes");
  });
  EXPECT_EQ(in({{{"httpUrl", server.url() + "/c/f"}, {"filePath", "f"}}}), "ok");
  EXPECT_EQ(text_of(work_ / "f"), "remote bytes");
  EXPECT_EQ(asked, 3);
}

TEST_F(StagingTest, RemoteRefusalsAreNotRepeated) {
  std::atomic<unsigned> status = 404;
  testing::HttpServer server([&](const auto&) { return testing::HttpServer::respond(status, "no"); });
  const std::string file = server.url() + "/c/f?sig=1", all = server.url() + "/c?sig=1";
  EXPECT_EQ(in({{{"httpUrl", file}, {"filePath", "f"}}}), "BlobNotFound f");
  EXPECT_EQ(in({{{"storageContainerUrl", all}}}), "ResourceContainerNotFound ");
  status = 403;
  EXPECT_EQ(in({{{"httpUrl", file}, {"filePath", "f"}}}), "BlobAccessDenied f");
  EXPECT_EQ(server.seen().size(), 3u);
  status = 500;
  EXPECT_EQ(in({{{"httpUrl", file}, {"filePath", "f"}}}), "BlobDownloadMiscError f");
  EXPECT_EQ(server.seen().size(), 6u);
  EXPECT_FALSE(fs::exists(work_ / "f"));
}

TEST_F(StagingTest, RemoteContainersAreListedPageByPage) {
  testing::HttpServer server([](const auto& request) {
    const std::string target(request.target());
    if (target.find("comp=list") == std::string::npos) return testing::HttpServer::respond(200, "got " + target);
    const bool first = target.find("marker=&") != std::string::npos || target.ends_with("marker=");
    const std::string names = first ? "<Blob><Name>in/a&amp;b.txt</Name></Blob>" : "<Blob><Name>in/c</Name></Blob>";
    return testing::HttpServer::respond(200, "\xEF\xBB\xBF<?xml version=\"1.0\"?><EnumerationResults><Blobs>" + names +
                                                 "</Blobs><NextMarker>" + (first ? "m/1" : "") +
                                                 "</NextMarker></EnumerationResults>");
  });
  EXPECT_EQ(in({{{"storageContainerUrl", server.url() + "/c?sig=1"}, {"blobPrefix", "in/"}}}), "ok");
  EXPECT_EQ(text_of(work_ / "in/a&b.txt"), "got /c/in/a%26b.txt?sig=1");
  EXPECT_EQ(text_of(work_ / "in/c"), "got /c/in/c?sig=1");
  EXPECT_EQ(server.seen()[1], "GET /c?sig=1&restype=container&comp=list&prefix=in%2F&marker=m%2F1");
}

TEST_F(StagingTest, OutputFilesGoWhereTheirPatternAndPathSay) {
  write(work_ / "out/a.png", "A");
  write(work_ / "out/deep/b.png", "B");
  write(work_ / "out/.hidden.png", "H");
  write(work_ / "one.txt", "1");
  write(task_ / "stdout.txt", "so");
  write(task_ / "stderr.txt", "se");
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"out/**/*.png", "p", "p/a.png p/deep/b.png "},
      {"out/*.png", "", "a.png "},
      {"../std*.txt", "logs/$AZ_BATCH_TASK_ID", "logs/t/stderr.txt logs/t/stdout.txt "},
      {"one.txt", "results/renamed", "results/renamed "},
      {"one.txt", "", "one.txt "},
      {(work_ / "one.txt").string(), "abs", "abs "},
      {"missing.txt", "x", ""},
      {"*.nothing", "x", ""},
  };
  for (const auto& [pattern, path, expected] : cases) {
    EXPECT_EQ(out(output(pattern, path)), "ok");
    EXPECT_EQ(blobs(), expected) << pattern;
    for (const BlobEntry& entry : store_->list({"acct", "data"}, {})) {
      service_->call(
          {.operation = BlobOperation::DeleteBlob, .account = "acct", .container = "data", .blob = entry.name});
    }
  }
}

TEST_F(StagingTest, ConditionsDecideWhetherFilesAreUploaded) {
  write(work_ / "a", "x");
  const std::tuple<std::string, int, bool> cases[] = {
      {"taskSuccess", 0, true},  {"tasksuccess", 3, false},   {"TaskFailure", 3, true},
      {"taskfailure", 0, false}, {"taskcompletion", 0, true}, {"taskcompletion", 1, true},
  };
  int n = 0;
  for (const auto& [condition, exit_code, expected] : cases) {
    const std::string name = "n" + std::to_string(n++);
    EXPECT_EQ(out(output("a", name, condition), exit_code), "ok");
    EXPECT_EQ(blobs().find(name) != std::string::npos, expected) << condition << " " << exit_code;
  }
}

TEST_F(StagingTest, UploadHeadersBecomeTheBlobsProperties) {
  write(work_ / "a", "x");
  Document files = output("a");
  files[0]["destination"]["container"]["uploadHeaders"] = {{{"name", "Content-Type"}, {"value", "text/plain"}},
                                                           {{"name", "x-ms-meta-run"}, {"value", "7"}}};
  EXPECT_EQ(out(files), "ok");
  EXPECT_EQ(head("a").headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(head("a").headers.get("x-ms-meta-run"), "7");
}

TEST_F(StagingTest, UploadsLeaveTheirTwoLogsAndTellWhatMatchedNothing) {
  write(work_ / "a", "x");
  Document files = output("a");
  files.push_back(output("*.nothing")[0]);
  const auto result = staging_->upload(files, {task_, {}, 0});
  EXPECT_FALSE(result.failure);
  EXPECT_THAT(result.unmatched, ElementsAre("*.nothing"));
  EXPECT_NE(text_of(task_ / "fileuploadout.txt").find("No file matches *.nothing"), std::string::npos);
  EXPECT_NE(text_of(task_ / "fileuploadout.txt").find("/acct/data/a"), std::string::npos);
  EXPECT_EQ(text_of(task_ / "fileuploadout.txt").find("sig="), std::string::npos);
  EXPECT_TRUE(fs::exists(task_ / "fileuploaderr.txt"));
  EXPECT_EQ(text_of(task_ / "fileuploaderr.txt"), "");
}

TEST_F(StagingTest, UploadsFailWithTheServicesCodes) {
  write(work_ / "a", "x");
  const auto to = [&](const std::string& container_url) {
    Document files = output("a");
    files[0]["destination"]["container"]["containerUrl"] = container_url;
    return out(files);
  };
  const std::string file = (work_ / "a").string();
  EXPECT_EQ(to(container("r")), "FileUploadAccessDenied " + file);
  EXPECT_EQ(to("http://127.0.0.1:1/c"), "FileUploadMiscError " + file);
  const std::string elsewhere = signing::make_service_sas(
      {.terms = {.permissions = "w", .expiry = kNow + std::chrono::hours(1)}, .account = "acct", .container = "gone"},
      *base64_decode(kKey));
  EXPECT_EQ(to(std::string(kEndpoint) + "/acct/gone?" + elsewhere), "FileUploadContainerNotFound " + file);
  EXPECT_NE(text_of(task_ / "fileuploaderr.txt").find("The specified container does not exist."), std::string::npos);
  EXPECT_EQ(to(container("c")), "ok");
  EXPECT_EQ(to(container("c")), "FileUploadAccessDenied " + file);  // creating is not replacing
}

TEST_F(StagingTest, RemoteUploadsCarryTheBytesAndHeaders) {
  std::map<std::string, std::string> got;
  testing::HttpServer server([&](const auto& request) {
    got["body"] = request.body();
    got["type"] = std::string(request["x-ms-blob-type"]);
    got["content-type"] = std::string(request["x-ms-blob-content-type"]);
    return testing::HttpServer::respond(201);
  });
  write(work_ / "a b", "remote");
  Document files = output("a b", "p/$AZ_BATCH_TASK_ID x");
  files[0]["destination"]["container"]["containerUrl"] = server.url() + "/c?sig=1";
  files[0]["destination"]["container"]["uploadHeaders"] = {{{"name", "content-type"}, {"value", "text/plain"}}};
  EXPECT_EQ(out(files), "ok");
  EXPECT_THAT(server.seen(), ElementsAre("PUT /c/p/t%20x?sig=1"));
  EXPECT_EQ(got["body"], "remote");
  EXPECT_EQ(got["type"], "BlockBlob");
  EXPECT_EQ(got["content-type"], "text/plain");
}

// Sparse, so that its size costs nothing.
TEST_F(StagingTest, ALargeFileGoesInBlocks) {
  const fs::path big = work_ / "big";
  write(big, "start");
  fs::resize_file(big, (std::uintmax_t{256} << 20) + 1);
  EXPECT_EQ(out(output("big")), "ok");
  EXPECT_EQ(head("big").headers.get("Content-Length"), std::to_string((256 << 20) + 1));
  EXPECT_FALSE(head("big").headers.has("Content-MD5"));
  EXPECT_EQ(store_->blocks({"acct", "data", "big"}).committed.size(), 1u);
}

TEST_F(StagingTest, LinksAreUploadedOnlyFromTheNodesOwnDirectory) {
  write(root_ / "nodes/n1/shared/common", "shared");
  write(root_ / "secret", "outside");
  write(root_ / "nodes/n1/shared/dir/inner", "x");
  fs::create_symlink(root_ / "nodes/n1/shared/common", work_ / "inside");
  fs::create_symlink(root_ / "secret", work_ / "outside");
  fs::create_directory_symlink(root_ / "nodes/n1/shared/dir", work_ / "dirlink");
  fs::create_symlink("nowhere", work_ / "dangling");
  EXPECT_EQ(out(output("**/*")), "ok");
  EXPECT_EQ(blobs(), "inside ");
  EXPECT_EQ(blob("inside"), "shared");
  EXPECT_EQ(out(output("outside")), "ok");
  EXPECT_EQ(blobs(), "inside ");
}

}  // namespace
}  // namespace batchite
