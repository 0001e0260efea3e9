"""Job objects, through pywin32: what runs in one ends with its last handle, and takes no more memory than it may."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import pywintypes
    import win32api
    import win32con
    import win32job

    _FLAGS = (
        win32job.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        | win32job.JOB_OBJECT_LIMIT_PROCESS_MEMORY
        | win32job.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
    )

    def new_job(pid: int, memory: int) -> int:
        """A job with a process in it. The process imports nothing of a plugin before it is told to: it can't have
        started another that is not in the job. Raise OSError when Windows makes none."""
        try:
            job = win32job.CreateJobObject(None, "")
            kind = win32job.JobObjectExtendedLimitInformation
            limits = win32job.QueryInformationJobObject(job, kind)
            limits["BasicLimitInformation"]["LimitFlags"] |= _FLAGS
            limits["ProcessMemoryLimit"] = memory
            win32job.SetInformationJobObject(job, kind, limits)
            process = win32api.OpenProcess(win32con.PROCESS_SET_QUOTA | win32con.PROCESS_TERMINATE, False, pid)
            try:
                win32job.AssignProcessToJobObject(job, process)
            finally:
                win32api.CloseHandle(process)
        except pywintypes.error as error:
            raise OSError(error.winerror, error.strerror) from None
        return job

    def end_job(job: int) -> None:
        """End every process of a job."""
        try:
            win32job.TerminateJobObject(job, 1)
        except pywintypes.error:  # all of them have ended
            return
