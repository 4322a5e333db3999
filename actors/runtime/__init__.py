"""The actor shell on Pykka and the two runtimes: the part of `actors` that knows time, threads and Pykka."""
