"""Small videos with sound, made here, and what can be asked of an MP3."""
import os
import subprocess


def make_videos(folder, count=5):
    """LowPriVMs-1.mp4 ... of 2, 3, ... seconds. Returns {name without extension: seconds}."""
    os.makedirs(folder, exist_ok=True)
    lengths = {}
    for number in range(1, count + 1):
        name, seconds = f"LowPriVMs-{number}", number + 1
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                        f"testsrc=duration={seconds}:size=160x90:rate=5", "-f", "lavfi", "-i",
                        f"sine=frequency={220 * number}:duration={seconds}", "-shortest",
                        os.path.join(folder, name + ".mp4")], check=True)
        lengths[name] = seconds
    return lengths


def seconds_of_mp3(path):
    """Its length; fails unless it is an MP3 that decodes without a complaint."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=format_name,duration", "-of",
                            "csv=p=0", path], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    kind, seconds = probe.split(",")
    if kind != "mp3":
        raise AssertionError(f"{path} is {kind}, not mp3")
    decoded = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-"],
                             stderr=subprocess.PIPE, text=True)
    if decoded.returncode != 0 or decoded.stderr:
        raise AssertionError(f"{path} does not decode: {decoded.stderr}")
    return float(seconds)
