// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.calls.linux: do not edit.
	.section .rodata.calls,"a"
	.balign 8
	.globl eh_call_table
	.hidden eh_call_table
	.hidden sys_setxattr
	.hidden sys_lsetxattr
	.hidden sys_fsetxattr
	.hidden sys_getxattr
	.hidden sys_lgetxattr
	.hidden sys_fgetxattr
	.hidden sys_listxattr
	.hidden sys_llistxattr
	.hidden sys_flistxattr
	.hidden sys_removexattr
	.hidden sys_lremovexattr
	.hidden sys_fremovexattr
	.hidden sys_getcwd
	.hidden sys_eventfd2
	.hidden sys_epoll_create1
	.hidden sys_epoll_ctl
	.hidden sys_epoll_pwait
	.hidden sys_dup
	.hidden sys_dup3
	.hidden sys_fcntl
	.hidden sys_inotify_init1
	.hidden sys_inotify_add_watch
	.hidden sys_inotify_rm_watch
	.hidden sys_ioctl
	.hidden sys_ioprio_set
	.hidden sys_ioprio_get
	.hidden sys_flock
	.hidden sys_mknodat
	.hidden sys_mkdirat
	.hidden sys_unlinkat
	.hidden sys_symlinkat
	.hidden sys_linkat
	.hidden sys_renameat
	.hidden sys_statfs
	.hidden sys_fstatfs
	.hidden sys_truncate
	.hidden sys_ftruncate
	.hidden sys_fallocate
	.hidden sys_faccessat
	.hidden sys_chdir
	.hidden sys_fchdir
	.hidden sys_fchmod
	.hidden sys_fchmodat
	.hidden sys_fchownat
	.hidden sys_fchown
	.hidden sys_openat
	.hidden sys_close
	.hidden sys_pipe2
	.hidden sys_getdents64
	.hidden sys_lseek
	.hidden sys_read
	.hidden sys_write
	.hidden sys_readv
	.hidden sys_writev
	.hidden sys_pread64
	.hidden sys_pwrite64
	.hidden sys_preadv
	.hidden sys_pwritev
	.hidden sys_sendfile
	.hidden sys_pselect6
	.hidden sys_ppoll
	.hidden sys_signalfd4
	.hidden sys_vmsplice
	.hidden sys_splice
	.hidden sys_tee
	.hidden sys_readlinkat
	.hidden sys_newfstatat
	.hidden sys_fstat
	.hidden sys_sync
	.hidden sys_fsync
	.hidden sys_fdatasync
	.hidden sys_sync_file_range
	.hidden sys_timerfd_create
	.hidden sys_timerfd_settime
	.hidden sys_timerfd_gettime
	.hidden sys_utimensat
	.hidden sys_capget
	.hidden sys_capset
	.hidden sys_personality
	.hidden sys_exit
	.hidden sys_exit_group
	.hidden sys_waitid
	.hidden sys_set_tid_address
	.hidden sys_futex
	.hidden sys_set_robust_list
	.hidden sys_get_robust_list
	.hidden sys_nanosleep
	.hidden sys_getitimer
	.hidden sys_setitimer
	.hidden sys_timer_create
	.hidden sys_timer_gettime
	.hidden sys_timer_getoverrun
	.hidden sys_timer_settime
	.hidden sys_timer_delete
	.hidden sys_clock_gettime
	.hidden sys_clock_getres
	.hidden sys_clock_nanosleep
	.hidden sys_sched_setparam
	.hidden sys_sched_setscheduler
	.hidden sys_sched_getscheduler
	.hidden sys_sched_getparam
	.hidden sys_sched_setaffinity
	.hidden sys_sched_getaffinity
	.hidden sys_sched_yield
	.hidden sys_sched_get_priority_max
	.hidden sys_sched_get_priority_min
	.hidden sys_sched_rr_get_interval
	.hidden sys_kill
	.hidden sys_tkill
	.hidden sys_tgkill
	.hidden sys_sigaltstack
	.hidden sys_rt_sigsuspend
	.hidden sys_rt_sigaction
	.hidden sys_rt_sigprocmask
	.hidden sys_rt_sigpending
	.hidden sys_rt_sigtimedwait
	.hidden sys_rt_sigqueueinfo
	.hidden sys_rt_sigreturn
	.hidden sys_setpriority
	.hidden sys_getpriority
	.hidden sys_setregid
	.hidden sys_setgid
	.hidden sys_setreuid
	.hidden sys_setuid
	.hidden sys_setresuid
	.hidden sys_getresuid
	.hidden sys_setresgid
	.hidden sys_getresgid
	.hidden sys_setfsuid
	.hidden sys_setfsgid
	.hidden sys_times
	.hidden sys_setpgid
	.hidden sys_getpgid
	.hidden sys_getsid
	.hidden sys_setsid
	.hidden sys_getgroups
	.hidden sys_uname
	.hidden sys_getrlimit
	.hidden sys_setrlimit
	.hidden sys_getrusage
	.hidden sys_umask
	.hidden sys_prctl
	.hidden sys_getcpu
	.hidden sys_gettimeofday
	.hidden sys_adjtimex
	.hidden sys_getpid
	.hidden sys_getppid
	.hidden sys_getuid
	.hidden sys_geteuid
	.hidden sys_getgid
	.hidden sys_getegid
	.hidden sys_gettid
	.hidden sys_sysinfo
	.hidden sys_mq_open
	.hidden sys_mq_unlink
	.hidden sys_mq_timedsend
	.hidden sys_mq_timedreceive
	.hidden sys_mq_notify
	.hidden sys_mq_getsetattr
	.hidden sys_msgget
	.hidden sys_msgctl
	.hidden sys_msgrcv
	.hidden sys_msgsnd
	.hidden sys_semget
	.hidden sys_semctl
	.hidden sys_semtimedop
	.hidden sys_semop
	.hidden sys_shmget
	.hidden sys_shmctl
	.hidden sys_shmat
	.hidden sys_shmdt
	.hidden sys_socket
	.hidden sys_socketpair
	.hidden sys_bind
	.hidden sys_listen
	.hidden sys_accept
	.hidden sys_connect
	.hidden sys_getsockname
	.hidden sys_getpeername
	.hidden sys_sendto
	.hidden sys_recvfrom
	.hidden sys_setsockopt
	.hidden sys_getsockopt
	.hidden sys_shutdown
	.hidden sys_sendmsg
	.hidden sys_recvmsg
	.hidden sys_readahead
	.hidden sys_brk
	.hidden sys_munmap
	.hidden sys_mremap
	.hidden sys_clone
	.hidden sys_execve
	.hidden sys_mmap
	.hidden sys_fadvise64
	.hidden sys_mprotect
	.hidden sys_msync
	.hidden sys_mlock
	.hidden sys_munlock
	.hidden sys_mlockall
	.hidden sys_munlockall
	.hidden sys_mincore
	.hidden sys_madvise
	.hidden sys_mbind
	.hidden sys_get_mempolicy
	.hidden sys_set_mempolicy
	.hidden sys_rt_tgsigqueueinfo
	.hidden sys_accept4
	.hidden sys_recvmmsg
	.hidden sys_wait4
	.hidden sys_prlimit64
	.hidden sys_clock_adjtime
	.hidden sys_syncfs
	.hidden sys_sendmmsg
	.hidden sys_process_vm_readv
	.hidden sys_process_vm_writev
	.hidden sys_kcmp
	.hidden sys_sched_setattr
	.hidden sys_sched_getattr
	.hidden sys_renameat2
	.hidden sys_getrandom
	.hidden sys_memfd_create
	.hidden sys_membarrier
	.hidden sys_mlock2
	.hidden sys_copy_file_range
	.hidden sys_preadv2
	.hidden sys_pwritev2
	.hidden sys_pkey_mprotect
	.hidden sys_statx
	.hidden sys_pidfd_send_signal
	.hidden sys_pidfd_open
	.hidden sys_close_range
	.hidden sys_openat2
	.hidden sys_pidfd_getfd
	.hidden sys_faccessat2
	.hidden sys_process_madvise
	.hidden sys_epoll_pwait2
	.hidden sys_fchmodat2
eh_call_table:
	.word 0; .byte 3, 38; .hword 0xffff // 0 io_setup
	.word 0; .byte 3, 38; .hword 0xffff // 1 io_destroy
	.word 0; .byte 3, 38; .hword 0xffff // 2 io_submit
	.word 0; .byte 3, 38; .hword 0xffff // 3 io_cancel
	.word 0; .byte 3, 38; .hword 0xffff // 4 io_getevents
	.word sys_setxattr - eh_call_table; .byte 2, 0; .hword 0x0 // 5 setxattr
	.word sys_lsetxattr - eh_call_table; .byte 2, 0; .hword 0x1 // 6 lsetxattr
	.word sys_fsetxattr - eh_call_table; .byte 2, 0; .hword 0x2 // 7 fsetxattr
	.word sys_getxattr - eh_call_table; .byte 2, 0; .hword 0x3 // 8 getxattr
	.word sys_lgetxattr - eh_call_table; .byte 2, 0; .hword 0x4 // 9 lgetxattr
	.word sys_fgetxattr - eh_call_table; .byte 2, 0; .hword 0x5 // 10 fgetxattr
	.word sys_listxattr - eh_call_table; .byte 2, 0; .hword 0x6 // 11 listxattr
	.word sys_llistxattr - eh_call_table; .byte 2, 0; .hword 0x7 // 12 llistxattr
	.word sys_flistxattr - eh_call_table; .byte 2, 0; .hword 0x8 // 13 flistxattr
	.word sys_removexattr - eh_call_table; .byte 2, 0; .hword 0x9 // 14 removexattr
	.word sys_lremovexattr - eh_call_table; .byte 2, 0; .hword 0xa // 15 lremovexattr
	.word sys_fremovexattr - eh_call_table; .byte 2, 0; .hword 0xb // 16 fremovexattr
	.word sys_getcwd - eh_call_table; .byte 1, 0; .hword 0xffff // 17 getcwd
	.word 0; .byte 3, 38; .hword 0xffff // 18 lookup_dcookie
	.word sys_eventfd2 - eh_call_table; .byte 1, 0; .hword 0xffff // 19 eventfd2
	.word sys_epoll_create1 - eh_call_table; .byte 1, 0; .hword 0xffff // 20 epoll_create1
	.word sys_epoll_ctl - eh_call_table; .byte 1, 0; .hword 0xffff // 21 epoll_ctl
	.word sys_epoll_pwait - eh_call_table; .byte 1, 0; .hword 0xffff // 22 epoll_pwait
	.word sys_dup - eh_call_table; .byte 1, 0; .hword 0xffff // 23 dup
	.word sys_dup3 - eh_call_table; .byte 1, 0; .hword 0xffff // 24 dup3
	.word sys_fcntl - eh_call_table; .byte 2, 0; .hword 0xc // 25 fcntl
	.word sys_inotify_init1 - eh_call_table; .byte 2, 0; .hword 0xd // 26 inotify_init1
	.word sys_inotify_add_watch - eh_call_table; .byte 2, 0; .hword 0xe // 27 inotify_add_watch
	.word sys_inotify_rm_watch - eh_call_table; .byte 2, 0; .hword 0xf // 28 inotify_rm_watch
	.word sys_ioctl - eh_call_table; .byte 2, 0; .hword 0x10 // 29 ioctl
	.word sys_ioprio_set - eh_call_table; .byte 1, 0; .hword 0xffff // 30 ioprio_set
	.word sys_ioprio_get - eh_call_table; .byte 1, 0; .hword 0xffff // 31 ioprio_get
	.word sys_flock - eh_call_table; .byte 2, 0; .hword 0x11 // 32 flock
	.word sys_mknodat - eh_call_table; .byte 2, 0; .hword 0x12 // 33 mknodat
	.word sys_mkdirat - eh_call_table; .byte 2, 0; .hword 0x13 // 34 mkdirat
	.word sys_unlinkat - eh_call_table; .byte 2, 0; .hword 0x14 // 35 unlinkat
	.word sys_symlinkat - eh_call_table; .byte 2, 0; .hword 0x15 // 36 symlinkat
	.word sys_linkat - eh_call_table; .byte 2, 0; .hword 0x16 // 37 linkat
	.word sys_renameat - eh_call_table; .byte 2, 0; .hword 0x17 // 38 renameat
	.word 0; .byte 3, 1; .hword 0xffff // 39 umount2
	.word 0; .byte 3, 1; .hword 0xffff // 40 mount
	.word 0; .byte 3, 1; .hword 0xffff // 41 pivot_root
	.word 0; .byte 3, 38; .hword 0xffff // 42 nfsservctl
	.word sys_statfs - eh_call_table; .byte 2, 0; .hword 0x18 // 43 statfs
	.word sys_fstatfs - eh_call_table; .byte 2, 0; .hword 0x19 // 44 fstatfs
	.word sys_truncate - eh_call_table; .byte 2, 0; .hword 0x1a // 45 truncate
	.word sys_ftruncate - eh_call_table; .byte 2, 0; .hword 0x1b // 46 ftruncate
	.word sys_fallocate - eh_call_table; .byte 2, 0; .hword 0x1c // 47 fallocate
	.word sys_faccessat - eh_call_table; .byte 2, 0; .hword 0x1d // 48 faccessat
	.word sys_chdir - eh_call_table; .byte 2, 0; .hword 0x1e // 49 chdir
	.word sys_fchdir - eh_call_table; .byte 1, 0; .hword 0xffff // 50 fchdir
	.word 0; .byte 3, 1; .hword 0xffff // 51 chroot
	.word sys_fchmod - eh_call_table; .byte 2, 0; .hword 0x1f // 52 fchmod
	.word sys_fchmodat - eh_call_table; .byte 2, 0; .hword 0x20 // 53 fchmodat
	.word sys_fchownat - eh_call_table; .byte 2, 0; .hword 0x21 // 54 fchownat
	.word sys_fchown - eh_call_table; .byte 2, 0; .hword 0x22 // 55 fchown
	.word sys_openat - eh_call_table; .byte 2, 0; .hword 0x23 // 56 openat
	.word sys_close - eh_call_table; .byte 2, 0; .hword 0x24 // 57 close
	.word 0; .byte 3, 1; .hword 0xffff // 58 vhangup
	.word sys_pipe2 - eh_call_table; .byte 1, 0; .hword 0xffff // 59 pipe2
	.word 0; .byte 3, 1; .hword 0xffff // 60 quotactl
	.word sys_getdents64 - eh_call_table; .byte 2, 0; .hword 0x25 // 61 getdents64
	.word sys_lseek - eh_call_table; .byte 2, 0; .hword 0x26 // 62 lseek
	.word sys_read - eh_call_table; .byte 2, 0; .hword 0x27 // 63 read
	.word sys_write - eh_call_table; .byte 2, 0; .hword 0x28 // 64 write
	.word sys_readv - eh_call_table; .byte 2, 0; .hword 0x29 // 65 readv
	.word sys_writev - eh_call_table; .byte 2, 0; .hword 0x2a // 66 writev
	.word sys_pread64 - eh_call_table; .byte 2, 0; .hword 0x2b // 67 pread64
	.word sys_pwrite64 - eh_call_table; .byte 2, 0; .hword 0x2c // 68 pwrite64
	.word sys_preadv - eh_call_table; .byte 2, 0; .hword 0x2d // 69 preadv
	.word sys_pwritev - eh_call_table; .byte 2, 0; .hword 0x2e // 70 pwritev
	.word sys_sendfile - eh_call_table; .byte 1, 0; .hword 0xffff // 71 sendfile
	.word sys_pselect6 - eh_call_table; .byte 1, 0; .hword 0xffff // 72 pselect6
	.word sys_ppoll - eh_call_table; .byte 2, 0; .hword 0x2f // 73 ppoll
	.word sys_signalfd4 - eh_call_table; .byte 1, 0; .hword 0xffff // 74 signalfd4
	.word sys_vmsplice - eh_call_table; .byte 1, 0; .hword 0xffff // 75 vmsplice
	.word sys_splice - eh_call_table; .byte 1, 0; .hword 0xffff // 76 splice
	.word sys_tee - eh_call_table; .byte 1, 0; .hword 0xffff // 77 tee
	.word sys_readlinkat - eh_call_table; .byte 2, 0; .hword 0x30 // 78 readlinkat
	.word sys_newfstatat - eh_call_table; .byte 2, 0; .hword 0x31 // 79 newfstatat
	.word sys_fstat - eh_call_table; .byte 2, 0; .hword 0x32 // 80 fstat
	.word sys_sync - eh_call_table; .byte 1, 0; .hword 0xffff // 81 sync
	.word sys_fsync - eh_call_table; .byte 2, 0; .hword 0x33 // 82 fsync
	.word sys_fdatasync - eh_call_table; .byte 2, 0; .hword 0x34 // 83 fdatasync
	.word sys_sync_file_range - eh_call_table; .byte 1, 0; .hword 0xffff // 84 sync_file_range
	.word sys_timerfd_create - eh_call_table; .byte 1, 0; .hword 0xffff // 85 timerfd_create
	.word sys_timerfd_settime - eh_call_table; .byte 1, 0; .hword 0xffff // 86 timerfd_settime
	.word sys_timerfd_gettime - eh_call_table; .byte 1, 0; .hword 0xffff // 87 timerfd_gettime
	.word sys_utimensat - eh_call_table; .byte 2, 0; .hword 0x35 // 88 utimensat
	.word 0; .byte 3, 1; .hword 0xffff // 89 acct
	.word sys_capget - eh_call_table; .byte 1, 0; .hword 0xffff // 90 capget
	.word sys_capset - eh_call_table; .byte 1, 0; .hword 0xffff // 91 capset
	.word sys_personality - eh_call_table; .byte 1, 0; .hword 0xffff // 92 personality
	.word sys_exit - eh_call_table; .byte 1, 0; .hword 0xffff // 93 exit
	.word sys_exit_group - eh_call_table; .byte 1, 0; .hword 0xffff // 94 exit_group
	.word sys_waitid - eh_call_table; .byte 1, 0; .hword 0xffff // 95 waitid
	.word sys_set_tid_address - eh_call_table; .byte 1, 0; .hword 0xffff // 96 set_tid_address
	.word 0; .byte 3, 1; .hword 0xffff // 97 unshare
	.word sys_futex - eh_call_table; .byte 1, 0; .hword 0xffff // 98 futex
	.word sys_set_robust_list - eh_call_table; .byte 1, 0; .hword 0xffff // 99 set_robust_list
	.word sys_get_robust_list - eh_call_table; .byte 1, 0; .hword 0xffff // 100 get_robust_list
	.word sys_nanosleep - eh_call_table; .byte 1, 0; .hword 0xffff // 101 nanosleep
	.word sys_getitimer - eh_call_table; .byte 1, 0; .hword 0xffff // 102 getitimer
	.word sys_setitimer - eh_call_table; .byte 1, 0; .hword 0xffff // 103 setitimer
	.word 0; .byte 3, 1; .hword 0xffff // 104 kexec_load
	.word 0; .byte 3, 1; .hword 0xffff // 105 init_module
	.word 0; .byte 3, 1; .hword 0xffff // 106 delete_module
	.word sys_timer_create - eh_call_table; .byte 1, 0; .hword 0xffff // 107 timer_create
	.word sys_timer_gettime - eh_call_table; .byte 1, 0; .hword 0xffff // 108 timer_gettime
	.word sys_timer_getoverrun - eh_call_table; .byte 1, 0; .hword 0xffff // 109 timer_getoverrun
	.word sys_timer_settime - eh_call_table; .byte 1, 0; .hword 0xffff // 110 timer_settime
	.word sys_timer_delete - eh_call_table; .byte 1, 0; .hword 0xffff // 111 timer_delete
	.word 0; .byte 3, 1; .hword 0xffff // 112 clock_settime
	.word sys_clock_gettime - eh_call_table; .byte 1, 0; .hword 0xffff // 113 clock_gettime
	.word sys_clock_getres - eh_call_table; .byte 1, 0; .hword 0xffff // 114 clock_getres
	.word sys_clock_nanosleep - eh_call_table; .byte 1, 0; .hword 0xffff // 115 clock_nanosleep
	.word 0; .byte 3, 1; .hword 0xffff // 116 syslog
	.word 0; .byte 3, 1; .hword 0xffff // 117 ptrace
	.word sys_sched_setparam - eh_call_table; .byte 1, 0; .hword 0xffff // 118 sched_setparam
	.word sys_sched_setscheduler - eh_call_table; .byte 1, 0; .hword 0xffff // 119 sched_setscheduler
	.word sys_sched_getscheduler - eh_call_table; .byte 1, 0; .hword 0xffff // 120 sched_getscheduler
	.word sys_sched_getparam - eh_call_table; .byte 1, 0; .hword 0xffff // 121 sched_getparam
	.word sys_sched_setaffinity - eh_call_table; .byte 1, 0; .hword 0xffff // 122 sched_setaffinity
	.word sys_sched_getaffinity - eh_call_table; .byte 1, 0; .hword 0xffff // 123 sched_getaffinity
	.word sys_sched_yield - eh_call_table; .byte 1, 0; .hword 0xffff // 124 sched_yield
	.word sys_sched_get_priority_max - eh_call_table; .byte 1, 0; .hword 0xffff // 125 sched_get_priority_max
	.word sys_sched_get_priority_min - eh_call_table; .byte 1, 0; .hword 0xffff // 126 sched_get_priority_min
	.word sys_sched_rr_get_interval - eh_call_table; .byte 1, 0; .hword 0xffff // 127 sched_rr_get_interval
	.word 0; .byte 3, 4; .hword 0xffff // 128 restart_syscall
	.word sys_kill - eh_call_table; .byte 1, 0; .hword 0xffff // 129 kill
	.word sys_tkill - eh_call_table; .byte 1, 0; .hword 0xffff // 130 tkill
	.word sys_tgkill - eh_call_table; .byte 1, 0; .hword 0xffff // 131 tgkill
	.word sys_sigaltstack - eh_call_table; .byte 1, 0; .hword 0xffff // 132 sigaltstack
	.word sys_rt_sigsuspend - eh_call_table; .byte 1, 0; .hword 0xffff // 133 rt_sigsuspend
	.word sys_rt_sigaction - eh_call_table; .byte 1, 0; .hword 0xffff // 134 rt_sigaction
	.word sys_rt_sigprocmask - eh_call_table; .byte 1, 0; .hword 0xffff // 135 rt_sigprocmask
	.word sys_rt_sigpending - eh_call_table; .byte 1, 0; .hword 0xffff // 136 rt_sigpending
	.word sys_rt_sigtimedwait - eh_call_table; .byte 1, 0; .hword 0xffff // 137 rt_sigtimedwait
	.word sys_rt_sigqueueinfo - eh_call_table; .byte 1, 0; .hword 0xffff // 138 rt_sigqueueinfo
	.word sys_rt_sigreturn - eh_call_table; .byte 1, 0; .hword 0xffff // 139 rt_sigreturn
	.word sys_setpriority - eh_call_table; .byte 1, 0; .hword 0xffff // 140 setpriority
	.word sys_getpriority - eh_call_table; .byte 1, 0; .hword 0xffff // 141 getpriority
	.word 0; .byte 3, 1; .hword 0xffff // 142 reboot
	.word sys_setregid - eh_call_table; .byte 1, 0; .hword 0xffff // 143 setregid
	.word sys_setgid - eh_call_table; .byte 1, 0; .hword 0xffff // 144 setgid
	.word sys_setreuid - eh_call_table; .byte 1, 0; .hword 0xffff // 145 setreuid
	.word sys_setuid - eh_call_table; .byte 1, 0; .hword 0xffff // 146 setuid
	.word sys_setresuid - eh_call_table; .byte 1, 0; .hword 0xffff // 147 setresuid
	.word sys_getresuid - eh_call_table; .byte 1, 0; .hword 0xffff // 148 getresuid
	.word sys_setresgid - eh_call_table; .byte 1, 0; .hword 0xffff // 149 setresgid
	.word sys_getresgid - eh_call_table; .byte 1, 0; .hword 0xffff // 150 getresgid
	.word sys_setfsuid - eh_call_table; .byte 1, 0; .hword 0xffff // 151 setfsuid
	.word sys_setfsgid - eh_call_table; .byte 1, 0; .hword 0xffff // 152 setfsgid
	.word sys_times - eh_call_table; .byte 1, 0; .hword 0xffff // 153 times
	.word sys_setpgid - eh_call_table; .byte 1, 0; .hword 0xffff // 154 setpgid
	.word sys_getpgid - eh_call_table; .byte 1, 0; .hword 0xffff // 155 getpgid
	.word sys_getsid - eh_call_table; .byte 1, 0; .hword 0xffff // 156 getsid
	.word sys_setsid - eh_call_table; .byte 1, 0; .hword 0xffff // 157 setsid
	.word sys_getgroups - eh_call_table; .byte 1, 0; .hword 0xffff // 158 getgroups
	.word 0; .byte 3, 1; .hword 0xffff // 159 setgroups
	.word sys_uname - eh_call_table; .byte 1, 0; .hword 0xffff // 160 uname
	.word 0; .byte 3, 1; .hword 0xffff // 161 sethostname
	.word 0; .byte 3, 1; .hword 0xffff // 162 setdomainname
	.word sys_getrlimit - eh_call_table; .byte 1, 0; .hword 0xffff // 163 getrlimit
	.word sys_setrlimit - eh_call_table; .byte 1, 0; .hword 0xffff // 164 setrlimit
	.word sys_getrusage - eh_call_table; .byte 1, 0; .hword 0xffff // 165 getrusage
	.word sys_umask - eh_call_table; .byte 1, 0; .hword 0xffff // 166 umask
	.word sys_prctl - eh_call_table; .byte 1, 0; .hword 0xffff // 167 prctl
	.word sys_getcpu - eh_call_table; .byte 1, 0; .hword 0xffff // 168 getcpu
	.word sys_gettimeofday - eh_call_table; .byte 1, 0; .hword 0xffff // 169 gettimeofday
	.word 0; .byte 3, 1; .hword 0xffff // 170 settimeofday
	.word sys_adjtimex - eh_call_table; .byte 1, 0; .hword 0xffff // 171 adjtimex
	.word sys_getpid - eh_call_table; .byte 1, 0; .hword 0xffff // 172 getpid
	.word sys_getppid - eh_call_table; .byte 1, 0; .hword 0xffff // 173 getppid
	.word sys_getuid - eh_call_table; .byte 1, 0; .hword 0xffff // 174 getuid
	.word sys_geteuid - eh_call_table; .byte 1, 0; .hword 0xffff // 175 geteuid
	.word sys_getgid - eh_call_table; .byte 1, 0; .hword 0xffff // 176 getgid
	.word sys_getegid - eh_call_table; .byte 1, 0; .hword 0xffff // 177 getegid
	.word sys_gettid - eh_call_table; .byte 1, 0; .hword 0xffff // 178 gettid
	.word sys_sysinfo - eh_call_table; .byte 1, 0; .hword 0xffff // 179 sysinfo
	.word sys_mq_open - eh_call_table; .byte 1, 0; .hword 0xffff // 180 mq_open
	.word sys_mq_unlink - eh_call_table; .byte 1, 0; .hword 0xffff // 181 mq_unlink
	.word sys_mq_timedsend - eh_call_table; .byte 1, 0; .hword 0xffff // 182 mq_timedsend
	.word sys_mq_timedreceive - eh_call_table; .byte 1, 0; .hword 0xffff // 183 mq_timedreceive
	.word sys_mq_notify - eh_call_table; .byte 1, 0; .hword 0xffff // 184 mq_notify
	.word sys_mq_getsetattr - eh_call_table; .byte 1, 0; .hword 0xffff // 185 mq_getsetattr
	.word sys_msgget - eh_call_table; .byte 1, 0; .hword 0xffff // 186 msgget
	.word sys_msgctl - eh_call_table; .byte 1, 0; .hword 0xffff // 187 msgctl
	.word sys_msgrcv - eh_call_table; .byte 1, 0; .hword 0xffff // 188 msgrcv
	.word sys_msgsnd - eh_call_table; .byte 1, 0; .hword 0xffff // 189 msgsnd
	.word sys_semget - eh_call_table; .byte 1, 0; .hword 0xffff // 190 semget
	.word sys_semctl - eh_call_table; .byte 1, 0; .hword 0xffff // 191 semctl
	.word sys_semtimedop - eh_call_table; .byte 1, 0; .hword 0xffff // 192 semtimedop
	.word sys_semop - eh_call_table; .byte 1, 0; .hword 0xffff // 193 semop
	.word sys_shmget - eh_call_table; .byte 1, 0; .hword 0xffff // 194 shmget
	.word sys_shmctl - eh_call_table; .byte 1, 0; .hword 0xffff // 195 shmctl
	.word sys_shmat - eh_call_table; .byte 1, 0; .hword 0xffff // 196 shmat
	.word sys_shmdt - eh_call_table; .byte 1, 0; .hword 0xffff // 197 shmdt
	.word sys_socket - eh_call_table; .byte 2, 0; .hword 0x36 // 198 socket
	.word sys_socketpair - eh_call_table; .byte 2, 0; .hword 0x37 // 199 socketpair
	.word sys_bind - eh_call_table; .byte 2, 0; .hword 0x38 // 200 bind
	.word sys_listen - eh_call_table; .byte 2, 0; .hword 0x39 // 201 listen
	.word sys_accept - eh_call_table; .byte 2, 0; .hword 0x3a // 202 accept
	.word sys_connect - eh_call_table; .byte 2, 0; .hword 0x3b // 203 connect
	.word sys_getsockname - eh_call_table; .byte 2, 0; .hword 0x3c // 204 getsockname
	.word sys_getpeername - eh_call_table; .byte 2, 0; .hword 0x3d // 205 getpeername
	.word sys_sendto - eh_call_table; .byte 2, 0; .hword 0x3e // 206 sendto
	.word sys_recvfrom - eh_call_table; .byte 2, 0; .hword 0x3f // 207 recvfrom
	.word sys_setsockopt - eh_call_table; .byte 2, 0; .hword 0x40 // 208 setsockopt
	.word sys_getsockopt - eh_call_table; .byte 2, 0; .hword 0x41 // 209 getsockopt
	.word sys_shutdown - eh_call_table; .byte 2, 0; .hword 0x42 // 210 shutdown
	.word sys_sendmsg - eh_call_table; .byte 2, 0; .hword 0x43 // 211 sendmsg
	.word sys_recvmsg - eh_call_table; .byte 2, 0; .hword 0x44 // 212 recvmsg
	.word sys_readahead - eh_call_table; .byte 1, 0; .hword 0xffff // 213 readahead
	.word sys_brk - eh_call_table; .byte 1, 0; .hword 0xffff // 214 brk
	.word sys_munmap - eh_call_table; .byte 1, 0; .hword 0xffff // 215 munmap
	.word sys_mremap - eh_call_table; .byte 1, 0; .hword 0xffff // 216 mremap
	.word 0; .byte 3, 38; .hword 0xffff // 217 add_key
	.word 0; .byte 3, 38; .hword 0xffff // 218 request_key
	.word 0; .byte 3, 38; .hword 0xffff // 219 keyctl
	.word sys_clone - eh_call_table; .byte 1, 0; .hword 0xffff // 220 clone
	.word sys_execve - eh_call_table; .byte 2, 0; .hword 0x45 // 221 execve
	.word sys_mmap - eh_call_table; .byte 1, 0; .hword 0xffff // 222 mmap
	.word sys_fadvise64 - eh_call_table; .byte 1, 0; .hword 0xffff // 223 fadvise64
	.word 0; .byte 3, 1; .hword 0xffff // 224 swapon
	.word 0; .byte 3, 1; .hword 0xffff // 225 swapoff
	.word sys_mprotect - eh_call_table; .byte 1, 0; .hword 0xffff // 226 mprotect
	.word sys_msync - eh_call_table; .byte 1, 0; .hword 0xffff // 227 msync
	.word sys_mlock - eh_call_table; .byte 1, 0; .hword 0xffff // 228 mlock
	.word sys_munlock - eh_call_table; .byte 1, 0; .hword 0xffff // 229 munlock
	.word sys_mlockall - eh_call_table; .byte 1, 0; .hword 0xffff // 230 mlockall
	.word sys_munlockall - eh_call_table; .byte 1, 0; .hword 0xffff // 231 munlockall
	.word sys_mincore - eh_call_table; .byte 1, 0; .hword 0xffff // 232 mincore
	.word sys_madvise - eh_call_table; .byte 1, 0; .hword 0xffff // 233 madvise
	.word 0; .byte 3, 38; .hword 0xffff // 234 remap_file_pages
	.word sys_mbind - eh_call_table; .byte 1, 0; .hword 0xffff // 235 mbind
	.word sys_get_mempolicy - eh_call_table; .byte 1, 0; .hword 0xffff // 236 get_mempolicy
	.word sys_set_mempolicy - eh_call_table; .byte 1, 0; .hword 0xffff // 237 set_mempolicy
	.word 0; .byte 3, 38; .hword 0xffff // 238 migrate_pages
	.word 0; .byte 3, 38; .hword 0xffff // 239 move_pages
	.word sys_rt_tgsigqueueinfo - eh_call_table; .byte 1, 0; .hword 0xffff // 240 rt_tgsigqueueinfo
	.word 0; .byte 3, 13; .hword 0xffff // 241 perf_event_open
	.word sys_accept4 - eh_call_table; .byte 2, 0; .hword 0x46 // 242 accept4
	.word sys_recvmmsg - eh_call_table; .byte 1, 0; .hword 0xffff // 243 recvmmsg
	.word 0; .byte 0, 0; .hword 0xffff // 244 -
	.word 0; .byte 0, 0; .hword 0xffff // 245 -
	.word 0; .byte 0, 0; .hword 0xffff // 246 -
	.word 0; .byte 0, 0; .hword 0xffff // 247 -
	.word 0; .byte 0, 0; .hword 0xffff // 248 -
	.word 0; .byte 0, 0; .hword 0xffff // 249 -
	.word 0; .byte 0, 0; .hword 0xffff // 250 -
	.word 0; .byte 0, 0; .hword 0xffff // 251 -
	.word 0; .byte 0, 0; .hword 0xffff // 252 -
	.word 0; .byte 0, 0; .hword 0xffff // 253 -
	.word 0; .byte 0, 0; .hword 0xffff // 254 -
	.word 0; .byte 0, 0; .hword 0xffff // 255 -
	.word 0; .byte 0, 0; .hword 0xffff // 256 -
	.word 0; .byte 0, 0; .hword 0xffff // 257 -
	.word 0; .byte 0, 0; .hword 0xffff // 258 -
	.word 0; .byte 0, 0; .hword 0xffff // 259 -
	.word sys_wait4 - eh_call_table; .byte 2, 0; .hword 0x47 // 260 wait4
	.word sys_prlimit64 - eh_call_table; .byte 1, 0; .hword 0xffff // 261 prlimit64
	.word 0; .byte 3, 1; .hword 0xffff // 262 fanotify_init
	.word 0; .byte 3, 1; .hword 0xffff // 263 fanotify_mark
	.word 0; .byte 3, 95; .hword 0xffff // 264 name_to_handle_at
	.word 0; .byte 3, 1; .hword 0xffff // 265 open_by_handle_at
	.word sys_clock_adjtime - eh_call_table; .byte 1, 0; .hword 0xffff // 266 clock_adjtime
	.word sys_syncfs - eh_call_table; .byte 1, 0; .hword 0xffff // 267 syncfs
	.word 0; .byte 3, 1; .hword 0xffff // 268 setns
	.word sys_sendmmsg - eh_call_table; .byte 1, 0; .hword 0xffff // 269 sendmmsg
	.word sys_process_vm_readv - eh_call_table; .byte 1, 0; .hword 0xffff // 270 process_vm_readv
	.word sys_process_vm_writev - eh_call_table; .byte 1, 0; .hword 0xffff // 271 process_vm_writev
	.word sys_kcmp - eh_call_table; .byte 1, 0; .hword 0xffff // 272 kcmp
	.word 0; .byte 3, 1; .hword 0xffff // 273 finit_module
	.word sys_sched_setattr - eh_call_table; .byte 1, 0; .hword 0xffff // 274 sched_setattr
	.word sys_sched_getattr - eh_call_table; .byte 1, 0; .hword 0xffff // 275 sched_getattr
	.word sys_renameat2 - eh_call_table; .byte 2, 0; .hword 0x48 // 276 renameat2
	.word 0; .byte 3, 38; .hword 0xffff // 277 seccomp
	.word sys_getrandom - eh_call_table; .byte 1, 0; .hword 0xffff // 278 getrandom
	.word sys_memfd_create - eh_call_table; .byte 1, 0; .hword 0xffff // 279 memfd_create
	.word 0; .byte 3, 1; .hword 0xffff // 280 bpf
	.word 0; .byte 3, 38; .hword 0xffff // 281 execveat
	.word 0; .byte 3, 1; .hword 0xffff // 282 userfaultfd
	.word sys_membarrier - eh_call_table; .byte 1, 0; .hword 0xffff // 283 membarrier
	.word sys_mlock2 - eh_call_table; .byte 1, 0; .hword 0xffff // 284 mlock2
	.word sys_copy_file_range - eh_call_table; .byte 1, 0; .hword 0xffff // 285 copy_file_range
	.word sys_preadv2 - eh_call_table; .byte 2, 0; .hword 0x49 // 286 preadv2
	.word sys_pwritev2 - eh_call_table; .byte 2, 0; .hword 0x4a // 287 pwritev2
	.word sys_pkey_mprotect - eh_call_table; .byte 1, 0; .hword 0xffff // 288 pkey_mprotect
	.word 0; .byte 3, 28; .hword 0xffff // 289 pkey_alloc
	.word 0; .byte 3, 22; .hword 0xffff // 290 pkey_free
	.word sys_statx - eh_call_table; .byte 2, 0; .hword 0x4b // 291 statx
	.word 0; .byte 3, 38; .hword 0xffff // 292 io_pgetevents
	.word 0; .byte 3, 38; .hword 0xffff // 293 rseq
	.word 0; .byte 3, 1; .hword 0xffff // 294 kexec_file_load
	.word 0; .byte 0, 0; .hword 0xffff // 295 -
	.word 0; .byte 0, 0; .hword 0xffff // 296 -
	.word 0; .byte 0, 0; .hword 0xffff // 297 -
	.word 0; .byte 0, 0; .hword 0xffff // 298 -
	.word 0; .byte 0, 0; .hword 0xffff // 299 -
	.word 0; .byte 0, 0; .hword 0xffff // 300 -
	.word 0; .byte 0, 0; .hword 0xffff // 301 -
	.word 0; .byte 0, 0; .hword 0xffff // 302 -
	.word 0; .byte 0, 0; .hword 0xffff // 303 -
	.word 0; .byte 0, 0; .hword 0xffff // 304 -
	.word 0; .byte 0, 0; .hword 0xffff // 305 -
	.word 0; .byte 0, 0; .hword 0xffff // 306 -
	.word 0; .byte 0, 0; .hword 0xffff // 307 -
	.word 0; .byte 0, 0; .hword 0xffff // 308 -
	.word 0; .byte 0, 0; .hword 0xffff // 309 -
	.word 0; .byte 0, 0; .hword 0xffff // 310 -
	.word 0; .byte 0, 0; .hword 0xffff // 311 -
	.word 0; .byte 0, 0; .hword 0xffff // 312 -
	.word 0; .byte 0, 0; .hword 0xffff // 313 -
	.word 0; .byte 0, 0; .hword 0xffff // 314 -
	.word 0; .byte 0, 0; .hword 0xffff // 315 -
	.word 0; .byte 0, 0; .hword 0xffff // 316 -
	.word 0; .byte 0, 0; .hword 0xffff // 317 -
	.word 0; .byte 0, 0; .hword 0xffff // 318 -
	.word 0; .byte 0, 0; .hword 0xffff // 319 -
	.word 0; .byte 0, 0; .hword 0xffff // 320 -
	.word 0; .byte 0, 0; .hword 0xffff // 321 -
	.word 0; .byte 0, 0; .hword 0xffff // 322 -
	.word 0; .byte 0, 0; .hword 0xffff // 323 -
	.word 0; .byte 0, 0; .hword 0xffff // 324 -
	.word 0; .byte 0, 0; .hword 0xffff // 325 -
	.word 0; .byte 0, 0; .hword 0xffff // 326 -
	.word 0; .byte 0, 0; .hword 0xffff // 327 -
	.word 0; .byte 0, 0; .hword 0xffff // 328 -
	.word 0; .byte 0, 0; .hword 0xffff // 329 -
	.word 0; .byte 0, 0; .hword 0xffff // 330 -
	.word 0; .byte 0, 0; .hword 0xffff // 331 -
	.word 0; .byte 0, 0; .hword 0xffff // 332 -
	.word 0; .byte 0, 0; .hword 0xffff // 333 -
	.word 0; .byte 0, 0; .hword 0xffff // 334 -
	.word 0; .byte 0, 0; .hword 0xffff // 335 -
	.word 0; .byte 0, 0; .hword 0xffff // 336 -
	.word 0; .byte 0, 0; .hword 0xffff // 337 -
	.word 0; .byte 0, 0; .hword 0xffff // 338 -
	.word 0; .byte 0, 0; .hword 0xffff // 339 -
	.word 0; .byte 0, 0; .hword 0xffff // 340 -
	.word 0; .byte 0, 0; .hword 0xffff // 341 -
	.word 0; .byte 0, 0; .hword 0xffff // 342 -
	.word 0; .byte 0, 0; .hword 0xffff // 343 -
	.word 0; .byte 0, 0; .hword 0xffff // 344 -
	.word 0; .byte 0, 0; .hword 0xffff // 345 -
	.word 0; .byte 0, 0; .hword 0xffff // 346 -
	.word 0; .byte 0, 0; .hword 0xffff // 347 -
	.word 0; .byte 0, 0; .hword 0xffff // 348 -
	.word 0; .byte 0, 0; .hword 0xffff // 349 -
	.word 0; .byte 0, 0; .hword 0xffff // 350 -
	.word 0; .byte 0, 0; .hword 0xffff // 351 -
	.word 0; .byte 0, 0; .hword 0xffff // 352 -
	.word 0; .byte 0, 0; .hword 0xffff // 353 -
	.word 0; .byte 0, 0; .hword 0xffff // 354 -
	.word 0; .byte 0, 0; .hword 0xffff // 355 -
	.word 0; .byte 0, 0; .hword 0xffff // 356 -
	.word 0; .byte 0, 0; .hword 0xffff // 357 -
	.word 0; .byte 0, 0; .hword 0xffff // 358 -
	.word 0; .byte 0, 0; .hword 0xffff // 359 -
	.word 0; .byte 0, 0; .hword 0xffff // 360 -
	.word 0; .byte 0, 0; .hword 0xffff // 361 -
	.word 0; .byte 0, 0; .hword 0xffff // 362 -
	.word 0; .byte 0, 0; .hword 0xffff // 363 -
	.word 0; .byte 0, 0; .hword 0xffff // 364 -
	.word 0; .byte 0, 0; .hword 0xffff // 365 -
	.word 0; .byte 0, 0; .hword 0xffff // 366 -
	.word 0; .byte 0, 0; .hword 0xffff // 367 -
	.word 0; .byte 0, 0; .hword 0xffff // 368 -
	.word 0; .byte 0, 0; .hword 0xffff // 369 -
	.word 0; .byte 0, 0; .hword 0xffff // 370 -
	.word 0; .byte 0, 0; .hword 0xffff // 371 -
	.word 0; .byte 0, 0; .hword 0xffff // 372 -
	.word 0; .byte 0, 0; .hword 0xffff // 373 -
	.word 0; .byte 0, 0; .hword 0xffff // 374 -
	.word 0; .byte 0, 0; .hword 0xffff // 375 -
	.word 0; .byte 0, 0; .hword 0xffff // 376 -
	.word 0; .byte 0, 0; .hword 0xffff // 377 -
	.word 0; .byte 0, 0; .hword 0xffff // 378 -
	.word 0; .byte 0, 0; .hword 0xffff // 379 -
	.word 0; .byte 0, 0; .hword 0xffff // 380 -
	.word 0; .byte 0, 0; .hword 0xffff // 381 -
	.word 0; .byte 0, 0; .hword 0xffff // 382 -
	.word 0; .byte 0, 0; .hword 0xffff // 383 -
	.word 0; .byte 0, 0; .hword 0xffff // 384 -
	.word 0; .byte 0, 0; .hword 0xffff // 385 -
	.word 0; .byte 0, 0; .hword 0xffff // 386 -
	.word 0; .byte 0, 0; .hword 0xffff // 387 -
	.word 0; .byte 0, 0; .hword 0xffff // 388 -
	.word 0; .byte 0, 0; .hword 0xffff // 389 -
	.word 0; .byte 0, 0; .hword 0xffff // 390 -
	.word 0; .byte 0, 0; .hword 0xffff // 391 -
	.word 0; .byte 0, 0; .hword 0xffff // 392 -
	.word 0; .byte 0, 0; .hword 0xffff // 393 -
	.word 0; .byte 0, 0; .hword 0xffff // 394 -
	.word 0; .byte 0, 0; .hword 0xffff // 395 -
	.word 0; .byte 0, 0; .hword 0xffff // 396 -
	.word 0; .byte 0, 0; .hword 0xffff // 397 -
	.word 0; .byte 0, 0; .hword 0xffff // 398 -
	.word 0; .byte 0, 0; .hword 0xffff // 399 -
	.word 0; .byte 0, 0; .hword 0xffff // 400 -
	.word 0; .byte 0, 0; .hword 0xffff // 401 -
	.word 0; .byte 0, 0; .hword 0xffff // 402 -
	.word 0; .byte 0, 0; .hword 0xffff // 403 -
	.word 0; .byte 0, 0; .hword 0xffff // 404 -
	.word 0; .byte 0, 0; .hword 0xffff // 405 -
	.word 0; .byte 0, 0; .hword 0xffff // 406 -
	.word 0; .byte 0, 0; .hword 0xffff // 407 -
	.word 0; .byte 0, 0; .hword 0xffff // 408 -
	.word 0; .byte 0, 0; .hword 0xffff // 409 -
	.word 0; .byte 0, 0; .hword 0xffff // 410 -
	.word 0; .byte 0, 0; .hword 0xffff // 411 -
	.word 0; .byte 0, 0; .hword 0xffff // 412 -
	.word 0; .byte 0, 0; .hword 0xffff // 413 -
	.word 0; .byte 0, 0; .hword 0xffff // 414 -
	.word 0; .byte 0, 0; .hword 0xffff // 415 -
	.word 0; .byte 0, 0; .hword 0xffff // 416 -
	.word 0; .byte 0, 0; .hword 0xffff // 417 -
	.word 0; .byte 0, 0; .hword 0xffff // 418 -
	.word 0; .byte 0, 0; .hword 0xffff // 419 -
	.word 0; .byte 0, 0; .hword 0xffff // 420 -
	.word 0; .byte 0, 0; .hword 0xffff // 421 -
	.word 0; .byte 0, 0; .hword 0xffff // 422 -
	.word 0; .byte 0, 0; .hword 0xffff // 423 -
	.word sys_pidfd_send_signal - eh_call_table; .byte 1, 0; .hword 0xffff // 424 pidfd_send_signal
	.word 0; .byte 3, 38; .hword 0xffff // 425 io_uring_setup
	.word 0; .byte 3, 38; .hword 0xffff // 426 io_uring_enter
	.word 0; .byte 3, 38; .hword 0xffff // 427 io_uring_register
	.word 0; .byte 3, 1; .hword 0xffff // 428 open_tree
	.word 0; .byte 3, 1; .hword 0xffff // 429 move_mount
	.word 0; .byte 3, 1; .hword 0xffff // 430 fsopen
	.word 0; .byte 3, 1; .hword 0xffff // 431 fsconfig
	.word 0; .byte 3, 1; .hword 0xffff // 432 fsmount
	.word 0; .byte 3, 1; .hword 0xffff // 433 fspick
	.word sys_pidfd_open - eh_call_table; .byte 1, 0; .hword 0xffff // 434 pidfd_open
	.word 0; .byte 3, 38; .hword 0xffff // 435 clone3
	.word sys_close_range - eh_call_table; .byte 1, 0; .hword 0xffff // 436 close_range
	.word sys_openat2 - eh_call_table; .byte 1, 0; .hword 0xffff // 437 openat2
	.word sys_pidfd_getfd - eh_call_table; .byte 1, 0; .hword 0xffff // 438 pidfd_getfd
	.word sys_faccessat2 - eh_call_table; .byte 2, 0; .hword 0x4c // 439 faccessat2
	.word sys_process_madvise - eh_call_table; .byte 1, 0; .hword 0xffff // 440 process_madvise
	.word sys_epoll_pwait2 - eh_call_table; .byte 1, 0; .hword 0xffff // 441 epoll_pwait2
	.word 0; .byte 3, 1; .hword 0xffff // 442 mount_setattr
	.word 0; .byte 3, 1; .hword 0xffff // 443 quotactl_fd
	.word 0; .byte 3, 95; .hword 0xffff // 444 landlock_create_ruleset
	.word 0; .byte 3, 95; .hword 0xffff // 445 landlock_add_rule
	.word 0; .byte 3, 95; .hword 0xffff // 446 landlock_restrict_self
	.word 0; .byte 3, 38; .hword 0xffff // 447 memfd_secret
	.word 0; .byte 3, 38; .hword 0xffff // 448 process_mrelease
	.word 0; .byte 0, 0; .hword 0xffff // 449 futex_waitv
	.word 0; .byte 0, 0; .hword 0xffff // 450 set_mempolicy_home_node
	.word 0; .byte 0, 0; .hword 0xffff // 451 cachestat
	.word sys_fchmodat2 - eh_call_table; .byte 2, 0; .hword 0x4d // 452 fchmodat2
	.word 0; .byte 0, 0; .hword 0xffff // 453 map_shadow_stack
	.word 0; .byte 0, 0; .hword 0xffff // 454 futex_wake
	.word 0; .byte 0, 0; .hword 0xffff // 455 futex_wait
	.word 0; .byte 0, 0; .hword 0xffff // 456 futex_requeue
	.word 0; .byte 3, 1; .hword 0xffff // 457 statmount
	.word 0; .byte 3, 1; .hword 0xffff // 458 listmount
	.word 0; .byte 3, 38; .hword 0xffff // 459 lsm_get_self_attr
	.word 0; .byte 3, 38; .hword 0xffff // 460 lsm_set_self_attr
	.word 0; .byte 3, 38; .hword 0xffff // 461 lsm_list_modules
	.word 0; .byte 0, 0; .hword 0xffff // 462 mseal
	.word 0; .byte 0, 0; .hword 0xffff // 463 setxattrat
	.word 0; .byte 0, 0; .hword 0xffff // 464 getxattrat
	.word 0; .byte 0, 0; .hword 0xffff // 465 listxattrat
	.word 0; .byte 0, 0; .hword 0xffff // 466 removexattrat
	.word 0; .byte 3, 1; .hword 0xffff // 467 open_tree_attr
	.word 0; .byte 0, 0; .hword 0xffff // 468 file_getattr
	.word 0; .byte 0, 0; .hword 0xffff // 469 file_setattr
	.word 0; .byte 3, 1; .hword 0xffff // 470 listns
	.word 0; .byte 0, 0; .hword 0xffff // 471 rseq_slice_yield
