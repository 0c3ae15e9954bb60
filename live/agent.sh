#!/bin/busybox sh
# The guest's only process of its own: takes requests on the second serial port and answers there.
# agent.c does the same where a C compiler is there.
#
# A request is one line:    NUMBER VERB [FILE [BYTES]]    FILE and BYTES as \xHH escapes
# An answer is framed:      begin NUMBER MD5 / lines / end NUMBER
#
#   observe             `done`, and a look at the memory
#   write FILE BYTES    `done` or `failed: WHY`, and a look
#   fetch FILE          the same, with lines `text LINE` between them
#   watch PATH          `done`, and a look; from now on looks hold this file, or what is in this
#                       folder and its folders
#   list FOLDER         `writable PATH` of each file in the folder and its folders that its mode
#                       lets root write
#   stacks FIRST COUNT  tasks that run or wait, with their stacks; the state of each block; and in
#                       agent.c the flags of COUNT pages
#   again               the last answer once more
#
# A look is the files as `grep` prints them, the links, and lines of /proc/zoneinfo. That of agent.c
# is `KEY:VALUE` lines, after `changes` only those that changed, and `KEY gone`; it ends with the
# uevents since the last look, as `event ACTION@PATH`. Those of this agent go through the third
# serial port, as busybox prints them at once on a terminal only. A watched file is `file PATH` and
# lines `line TEXT`; a link has its target, and a file that cannot be read the reason in brackets.
# agent.c says them when they are news, and `lost PATH`.
#
# The kernel may print on any port at any time. So an answer carries its checksum, and is kept to
# be sent again when it did not arrive as it left; a write is never done twice. While a write does
# not return, only agent.c answers other requests.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
cd /sys/devices/system/memory || exit

hello() {
	echo "release $(uname -r)"
	echo "block_size 0x$(cat block_size_bytes)"
	echo "events $events"
	look
}

write() {
	file=$(echo -ne "$1")
	if [ ! -e "$file" ]; then
		echo "failed: No such file or directory" # a redirection would try to create it: EACCES
	else
		said=$({ echo -ne "$2" > "$file"; } 2>&1)
		case $? in
		0) echo done ;;
		137) echo "failed: SIGKILL" ;; # by the OOM killer
		*) echo "failed: ${said##*: }" ;;
		esac
	fi
	look
}

fetch() {
	file=$(echo -ne "$1")
	if cat "$file" > /output 2> /message; then
		echo done
		sed 's/^/text /' /output
		echo # it may have no newline of its own
	else
		echo "failed: $(sed 's/.*: //' /message)"
	fi
	look
}

observe() {
	echo done
	look
}

look() {
	# The listener hears this event after all that the kernel has sent until now.
	echo change > memory0/uevent
	grep -s '' memory*/state memory*/online memory*/valid_zones memory*/removable \
		auto_online_blocks ../node/online ../node/has_memory ../node/has_normal_memory
	echo "links" memory*/node[0-9]*
	grep -E '^Node|spanned|present |managed|start_pfn' /proc/zoneinfo
	for path in $watched; do
		show "$path"
	done
}

show() {
	[ -f "$1" ] && show_file "$1"
	[ -d "$1" ] || return
	find -H "$1" -maxdepth 2 -type f -perm -400 ! -path '*/power/*' | while read -r name; do
		show_file "$name"
	done
	find -H "$1" -mindepth 1 -maxdepth 2 -type l | while read -r name; do
		echo "file $name"
		echo "line $(readlink "$name")"
	done
}

show_file() {
	echo "file $1"
	if cat "$1" > /shown 2> /message; then
		sed 's/^/line /' /shown
		echo
	else
		sed 's/.*: \(.*\)/line (\1)/' /message
	fi
}

watch() {
	echo done
	look
}

list() {
	find -H "$(echo -ne "$1")" -maxdepth 2 -type f -perm -200 ! -path '*/power/*' |
		sed 's/^/writable /'
}

stacks() {
	for task in /proc/[0-9]*; do
		read -r line 2> /dev/null < "$task/stat" || continue
		case ${line##*) } in
		R* | D*)
			[ "$task" = /proc/1 ] || [ "$task" = /proc/$$ ] && continue
			name=${line%)*}
			state=${line##*) }
			echo "task $name) ${state%% *}"
			cat "$task/stack" 2> /dev/null
			;;
		esac
	done
	grep -s '' memory*/state
}

send() {
	{
		echo
		echo "begin $1 $(md5sum < /answer)"
		cat /answer
		echo "end $1"
	} >&3
}

answer() {
	"$2" "$3" "$4" > "/answer.$1"
	mv "/answer.$1" /answer
	send "$1"
}

for module in /modules/*.ko; do
	[ -e "$module" ] && insmod "$module"
done
exec 3<> /dev/ttyS1
stty raw -echo <&3
events=no
if [ -e /proc/net/netlink ]; then # it needs CONFIG_NET
	stty raw -echo < /dev/ttyS2
	(
		echo -1000 > /proc/self/oom_score_adj
		exec uevent > /dev/ttyS2
	) &
	until grep -q "^[^ ]* *15 *$! " /proc/net/netlink; do :; done
	events=port
fi

answer 0 hello
while read -r number verb file bytes <&3; do
	[ "$verb" = watch ] && watched="$watched $(echo -ne "$file")"
	case $verb in
	again) send "$number" ;;
	*) answer "$number" "$verb" "$file" "$bytes" ;;
	esac
done
