"""What a user fills in for a production account. Tests put a config of their own in front of this one; nothing else differs."""
BATCH_ACCOUNT_NAME = "examplebatch"
BATCH_ACCOUNT_KEY = ""
BATCH_ACCOUNT_URL = "https://examplebatch.westeurope.batch.azure.com"
STORAGE_ACCOUNT_NAME = "examplestorage"
STORAGE_ACCOUNT_KEY = ""
STORAGE_ACCOUNT_URL = "https://examplestorage.blob.core.windows.net"
STORAGE_SDK = "12"  # or "2018-11-09", as programs written before 2019 use it

POOL_ID = "LinuxFfmpegPool"
POOL_VM_SIZE = "STANDARD_A1_v2"
DEDICATED_NODES = 0
LOW_PRIORITY_NODES = 5
JOB_ID = "LinuxFfmpegJob"
INPUT_FOLDER = "InputFiles"
OUTPUT_FOLDER = "OutputFiles"
