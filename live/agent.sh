#!/bin/busybox sh
# Init of the guest: reads requests from the second serial port and answers them there.
#
# A request is one line:    NUMBER VERB [FILE [BYTES]]    FILE and BYTES as \xHH escapes
# An answer is framed:      begin NUMBER MD5 - / lines / end NUMBER
#
# The kernel may print on any port at any time. So an answer has a checksum, and is kept so that it
# can be sent once more (`again`) when it arrives damaged; a write is never done twice.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
cd /sys/devices/system/memory || exit

hello() {
	echo "release $(uname -r)"
	echo "block_size 0x$(cat block_size_bytes)"
	echo "events $events"
}

write() {
	file=$(echo -ne "$1")
	if [ ! -e "$file" ]; then
		echo "failed: No such file or directory" # a redirection would fail to create it: EACCES
		return
	fi
	message=$({ echo -ne "$2" > "$file"; } 2>&1)
	case $? in
	0) echo done ;;
	137) echo "failed: SIGKILL" ;; # by the OOM killer
	*) echo "failed: ${message##*: }" ;;
	esac
}

fetch() {
	file=$(echo -ne "$1")
	if cat "$file" > /output 2> /message; then
		echo done
		cat /output
		echo # the text may not end with a newline
	else
		echo "failed: $(sed 's/.*: //' /message)"
	fi
}

observe() {
	# The kernel sends this event after all those that came before it.
	echo change > memory0/uevent
	grep -s '' memory*/state memory*/online memory*/valid_zones memory*/removable \
		auto_online_blocks ../node/online ../node/has_memory ../node/has_normal_memory
	echo "links" memory*/node[0-9]*
	grep -E '^Node|spanned|present |managed|start_pfn' /proc/zoneinfo
}

exec 3<> /dev/ttyS1
stty raw -echo <&3
events=no
if [ -e /proc/net/netlink ]; then # it needs CONFIG_NET
	stty raw -echo < /dev/ttyS2
	(
		echo -1000 > /proc/self/oom_score_adj
		exec uevent > /dev/ttyS2
	) &
	until grep -q "^[^ ]* *15 *$! " /proc/net/netlink; do :; done # the listener is ready
	events=yes
fi

number=0
verb=hello
while true; do
	if [ "$verb" != again ]; then
		"$verb" "$file" "$bytes" > /answer
		sum=$(md5sum < /answer)
	fi
	{
		echo
		echo "begin $number $sum"
		cat /answer
		echo "end $number"
	} >&3
	read -r number verb file bytes <&3
done
