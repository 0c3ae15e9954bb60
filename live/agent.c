/*
 * The guest's only process of its own: takes requests on the second serial port and answers there.
 *
 * It does what agent.sh does, with the same requests and answers (see there), many times as fast.
 * A look holds only what has changed since the one before. Reads and writes are done by a worker,
 * a second process, so that this one still answers when a write never returns, and so that the
 * OOM killer has something else to take.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MOST (4 << 20) /* bytes of an answer, and of a file that is read */

static char answer[MOST];
static size_t length;
static char request[1 << 16];
static size_t requested;

static int port, uevents = -1;

/* Events since the last look, as lines of an answer. */
static char heard[1 << 20];
static size_t heard_length;

/* What the worker has to do, and what comes of it. */
static struct shared {
	int reads, failure;
	char file[4096], bytes[1 << 16];
	size_t size;
	char text[MOST];
} *shared;

static pid_t worker;
static int to_worker, from_worker;
static unsigned long worked_on; /* the number of the request, 0 while it waits for one */

/* What the last look showed, as `KEY:VALUE`. */
static struct shown {
	char key[40], value[88];
	unsigned int look;
} shown[1 << 14];
static int shown_count;
static unsigned int looks;
static int nodes; /* one more than the highest number that a node can have */

/* Files and folders that each look holds, and what their files held when the last look said so. */
static char *watched[64];
static int watched_count;
static struct content {
	char *path;
	uint64_t hash;
	unsigned int look;
} contents[1024];
static int contents_count;

/* --- answers */

static void say(const char *format, ...)
{
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vsnprintf(answer + length, MOST - length, format, arguments);
	va_end(arguments);
	if (written > 0)
		length = length + written < MOST ? length + written : MOST - 1;
}

/* MD5's constants: 2^32 times the sines of 1 to 64. */
static const uint32_t sines[] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* MD5 (RFC 1321) of an answer, in hexadecimal: what busybox has for a shell in every build. */
static const char *md5(const char *data, size_t size)
{
	static const unsigned char turns[] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
	static char hex[33];
	uint32_t sum[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, now[4], words[16];
	size_t whole = (size + 72) / 64;

	for (size_t chunk = 0; chunk < whole; chunk++) {
		unsigned char bytes[64] = {0};
		uint64_t bits = (uint64_t)size * 8;
		size_t start = chunk * 64, here = start < size ? size - start : 0;

		memcpy(bytes, data + start, here < 64 ? here : 64);
		if (here < 64 && start <= size)
			bytes[here] = 0x80;
		if (chunk == whole - 1)
			memcpy(bytes + 56, &bits, 8);
		memcpy(words, bytes, 64);
		memcpy(now, sum, sizeof now);
		for (int step = 0; step < 64; step++) {
			uint32_t mixed, b = now[1], c = now[2], d = now[3], turn = turns[step / 16 * 4 + step % 4];
			int word;

			if (step < 16)
				mixed = (b & c) | (~b & d), word = step;
			else if (step < 32)
				mixed = (d & b) | (~d & c), word = (5 * step + 1) % 16;
			else if (step < 48)
				mixed = b ^ c ^ d, word = (3 * step + 5) % 16;
			else
				mixed = c ^ (b | ~d), word = 7 * step % 16;
			mixed += now[0] + sines[step] + words[word];
			now[0] = d, now[3] = c, now[2] = b;
			now[1] = b + (mixed << turn | mixed >> (32 - turn));
		}
		for (int at = 0; at < 4; at++)
			sum[at] += now[at];
	}
	for (int at = 0; at < 16; at++)
		sprintf(hex + 2 * at, "%02x", sum[at / 4] >> at % 4 * 8 & 0xff);
	return hex;
}

static void put(const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(port, data, size);

		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (done > 0) {
			data += done;
			size -= done;
		}
	}
}

static void send_answer(unsigned long number)
{
	char line[128];

	put(line, sprintf(line, "\nbegin %lu %s\n", number, md5(answer, length)));
	put(answer, length);
	put(line, sprintf(line, "end %lu\n", number));
}

/* --- looking */

static ssize_t read_file(const char *name, char *text, size_t size)
{
	size_t have = 0;
	ssize_t more = 0;
	int file = open(name, O_RDONLY);

	if (file < 0)
		return -1;
	while (have < size && (more = read(file, text + have, size - have)) > 0)
		have += more;
	close(file);
	return more < 0 ? -1 : (ssize_t)have;
}

/* Say `KEY:VALUE`, if that is news. Keys mostly come in the same order every time. */
static void show(const char *key, const char *value)
{
	static int next;
	int at = next, left = shown_count;

	while (left && strcmp(shown[at < shown_count ? at : (at = 0)].key, key))
		at++, left--;
	if (!left) {
		if (shown_count == sizeof shown / sizeof *shown)
			return;
		at = shown_count++;
		snprintf(shown[at].key, sizeof shown[at].key, "%s", key);
		*shown[at].value = 0;
	}
	next = at + 1;
	if (!shown[at].look || strncmp(shown[at].value, value, sizeof shown[at].value - 1)) {
		snprintf(shown[at].value, sizeof shown[at].value, "%s", value);
		say("%s:%s\n", key, shown[at].value);
	}
	shown[at].look = looks;
}

/* Say `KEY gone` of what this look does not show. */
static void show_gone(void)
{
	int kept = 0;

	for (int at = 0; at < shown_count; at++)
		if (shown[at].look == looks)
			shown[kept++] = shown[at];
		else
			say("%s gone\n", shown[at].key);
	shown_count = kept;
}

/* Show a file's first line; nothing when it cannot be read, or is empty. */
static void show_file(const char *name)
{
	char text[4096];
	ssize_t size = read_file(name, text, sizeof text - 1);

	if (size <= 0)
		return;
	text[size] = 0;
	text[strcspn(text, "\n")] = 0;
	show(name, text);
}

/* Take the events that are there, or wait for the mark; 1 once it was heard. */
static int hear(int wait)
{
	static char message[1 << 14];
	static const char mark[] = "change@/devices/system/memory/memory0";

	for (;;) {
		ssize_t size = recv(uevents, message, sizeof message - 1, wait ? 0 : MSG_DONTWAIT);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return 0;
		message[size] = 0;
		if (!strcmp(message, mark))
			return 1;
		if (strstr(message, "@/devices/system/memory/") || strstr(message, "@/devices/system/node/"))
			heard_length += snprintf(heard + heard_length, sizeof heard - heard_length,
						 "event %s\n", message);
		if (heard_length > sizeof heard - sizeof message)
			heard_length = sizeof heard - sizeof message;
	}
}

static void look_at_block(unsigned long block)
{
	static const char *const files[] = {"state", "online", "valid_zones", "removable"};
	char name[64], links[88];
	int written = 0;

	for (int at = 0; at < 4; at++) {
		snprintf(name, sizeof name, "memory%lu/%s", block, files[at]);
		show_file(name);
	}
	for (int node = 0; node < nodes && written < 80; node++) {
		snprintf(name, sizeof name, "memory%lu/node%d", block, node);
		if (!access(name, F_OK))
			written += sprintf(links + written, " %d", node);
	}
	if (written) {
		snprintf(name, sizeof name, "memory%lu/nodes", block);
		show(name, links + 1);
	}
}

static void look_at_zones(void)
{
	static char text[1 << 18];
	static const char *const counts[] = {"spanned", "present", "managed", "start_pfn"};
	char key[40] = "", name[16];
	long values[4] = {-1, -1, -1, -1}, value;
	ssize_t size = read_file("/proc/zoneinfo", text, sizeof text - 1);
	char *line, *rest, *at;
	int node;

	text[size < 0 ? 0 : size] = 0;
	for (line = text;; line = rest) {
		if (!*line || sscanf(line, "Node %d, zone %15s", &node, name) == 2) {
			char pages[88];

			snprintf(pages, sizeof pages, "%ld %ld %ld %ld", values[0], values[1], values[2],
				 values[3]);
			if (*key)
				show(key, pages);
			if (!*line)
				return;
			snprintf(key, sizeof key, "zone %d/%s", node, name);
			memset(values, -1, sizeof values);
		}
		at = line + strspn(line, " ");
		for (int count = 0; count < 4; count++) {
			size_t word = strlen(counts[count]);

			if (!strncmp(at, counts[count], word) && values[count] < 0 &&
			    sscanf(at + word, "%*[: ]%ld", &value) == 1)
				values[count] = value;
		}
		rest = line + strcspn(line, "\n");
		if (*rest)
			rest++;
	}
}

/* --- watched files */

/* Say each line of a text after this word. */
static void say_lines(const char *word, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '\n', end - text);

		stop = stop ? stop : end;
		say("%s %.*s\n", word, (int)(stop - text), text);
		text = stop + 1;
	}
}

/* Say `file PATH` and its lines, if they are news. FNV-1a tells whether they are. */
static void show_content(const char *path, const char *text, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;
	int at = 0;

	for (size_t byte = 0; byte < size; byte++)
		hash = (hash ^ (unsigned char)text[byte]) * 0x100000001b3;
	while (at < contents_count && strcmp(contents[at].path, path))
		at++;
	if (at == sizeof contents / sizeof *contents)
		return;
	if (at == contents_count) {
		contents[contents_count++].path = strdup(path);
		contents[at].hash = ~hash;
	}
	contents[at].look = looks;
	if (contents[at].hash == hash)
		return;
	contents[at].hash = hash;
	say("file %s\n", path);
	say_lines("line", text, size);
}

/* Say `lost PATH` of watched files that this look did not show. */
static void show_lost(void)
{
	int kept = 0;

	for (int at = 0; at < contents_count; at++) {
		if (contents[at].look == looks) {
			contents[kept++] = contents[at];
			continue;
		}
		say("lost %s\n", contents[at].path);
		free(contents[at].path);
	}
	contents_count = kept;
}

/* Call with each file and link below a folder, so many folders deep; a link is not followed. */
static void walk(const char *path, int deep, void (*visit)(const char *, const struct stat *))
{
	struct dirent *entry;
	struct stat status;
	char name[4096];
	DIR *folder = opendir(path);

	while (folder && (entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (lstat(name, &status))
			continue;
		if (!S_ISDIR(status.st_mode))
			visit(name, &status);
		else if (deep && strcmp(entry->d_name, "power"))
			walk(name, deep - 1, visit);
	}
	if (folder)
		closedir(folder);
}

/* Show a file's lines, a link's target, or why the file cannot be read. */
static void show_watched(const char *path, const struct stat *status)
{
	static char text[1 << 18];
	ssize_t size;

	if (S_ISLNK(status->st_mode)) {
		size = readlink(path, text, sizeof text);
		if (size > 0)
			show_content(path, text, size);
		return;
	}
	if (!(status->st_mode & S_IRUSR))
		return;
	errno = 0;
	size = read_file(path, text, sizeof text);
	if (size < 0)
		size = snprintf(text, sizeof text, "(%s)", strerror(errno));
	show_content(path, text, size);
}

static void look_at_watched(void)
{
	struct stat status;

	for (int at = 0; at < watched_count; at++)
		if (!stat(watched[at], &status)) {
			if (S_ISDIR(status.st_mode))
				walk(watched[at], 1, show_watched);
			else
				show_watched(watched[at], &status);
		}
	show_lost();
}

static void say_writable(const char *path, const struct stat *status)
{
	if (S_ISREG(status->st_mode) && status->st_mode & S_IWUSR)
		say("writable %s\n", path);
}

static void look(void)
{
	static const char *const masks[] = {"auto_online_blocks", "../node/online",
					    "../node/has_memory", "../node/has_normal_memory"};
	struct dirent *entry;
	DIR *folder;

	if (uevents >= 0) {
		/* The kernel sends this event after all those that it has sent until now. */
		int mark = open("memory0/uevent", O_WRONLY);

		if (mark >= 0 && write(mark, "change", 6) == 6)
			hear(1);
		if (mark >= 0)
			close(mark);
	}
	say(looks++ ? "changes\n" : "all\n");
	folder = opendir(".");
	while (folder && (entry = readdir(folder))) {
		unsigned long block;

		if (sscanf(entry->d_name, "memory%lu", &block) == 1)
			look_at_block(block);
	}
	if (folder)
		closedir(folder);
	for (int at = 0; at < 4; at++)
		show_file(masks[at]);
	look_at_zones();
	show_gone();
	look_at_watched();
	heard[heard_length] = 0;
	say("%s", heard);
	heard_length = 0;
}

/* --- why it hangs */

static void say_tasks(void)
{
	char name[300], text[8192], *end;
	struct dirent *entry;
	ssize_t size;
	DIR *folder = opendir("/proc");

	while (folder && (entry = readdir(folder))) {
		if (atoi(entry->d_name) <= 1)
			continue;
		snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
		size = read_file(name, text, sizeof text - 1);
		if (size <= 0)
			continue;
		text[size] = 0;
		end = strrchr(text, ')');
		if (!end || !strchr("RD", end[2]))
			continue;
		end[3] = 0;
		say("task %s\n", text);
		snprintf(name, sizeof name, "/proc/%s/stack", entry->d_name);
		size = read_file(name, text, sizeof text - 1);
		text[size < 0 ? 0 : size] = 0;
		say("%s\n", text);
	}
	if (folder)
		closedir(folder);
}

static void say_states(void)
{
	struct dirent *entry;
	char name[300], text[64];
	ssize_t size;
	DIR *folder = opendir(".");

	while (folder && (entry = readdir(folder))) {
		unsigned long block;

		if (sscanf(entry->d_name, "memory%lu", &block) != 1)
			continue;
		snprintf(name, sizeof name, "memory%lu/state", block);
		size = read_file(name, text, sizeof text - 1);
		text[size < 0 ? 0 : size] = 0;
		say("%s:%s", name, text);
	}
	if (folder)
		closedir(folder);
}

/* How many pages of a range have which flags: `pages COUNT flags HEX`. */
static void say_flags(unsigned long first, unsigned long count)
{
	static struct { uint64_t flags; unsigned long pages; } kinds[64];
	static uint64_t flags[512];
	int known = 0, file = open("/proc/kpageflags", O_RDONLY);
	unsigned long at;

	for (at = 0; file >= 0 && at < count; at += 512) {
		ssize_t size = pread(file, flags, sizeof flags, (first + at) * 8);

		for (ssize_t page = 0; page < size / 8; page++) {
			int kind = 0;

			while (kind < known && kinds[kind].flags != flags[page])
				kind++;
			if (kind == 64)
				continue;
			if (kind == known)
				kinds[known++].flags = flags[page];
			kinds[kind].pages++;
		}
	}
	for (int kind = 0; kind < known; kind++)
		say("pages %lu flags %#lx\n", kinds[kind].pages, (unsigned long)kinds[kind].flags);
	if (file >= 0)
		close(file);
}

/* --- requests */

static void hello(void)
{
	struct utsname names;
	char size[64];
	ssize_t read = read_file("block_size_bytes", size, sizeof size - 1);

	uname(&names);
	size[read < 0 ? 0 : read] = 0;
	size[strcspn(size, "\n")] = 0;
	say("release %s\nblock_size 0x%s\nevents %s\n", names.release, size,
	    uevents < 0 ? "no" : "yes");
}

/* The bytes that a word of \xHH escapes stands for, in its place. */
static size_t unescape(char *word)
{
	size_t size = 0;
	unsigned int byte;

	for (char *at = word; sscanf(at, "\\x%2x", &byte) == 1; at += 4)
		word[size++] = byte;
	word[size] = 0;
	return size;
}

static int do_write(const char *file, const char *bytes, size_t size)
{
	int to = open(file, O_WRONLY | O_TRUNC);

	if (to < 0)
		return errno;
	return size && write(to, bytes, size) < 0 ? errno : 0;
}

static void do_requests(int from, int to)
{
	char signal = 0;

	while (read(from, &signal, 1) == 1) {
		if (shared->reads) {
			ssize_t have = read_file(shared->file, shared->text, MOST - 1);

			shared->failure = have < 0 ? errno : 0;
			shared->size = have < 0 ? 0 : have;
		} else {
			shared->failure = do_write(shared->file, shared->bytes, shared->size);
		}
		if (write(to, &signal, 1) != 1)
			break;
	}
	_exit(0);
}

static void start_worker(void)
{
	int there[2], back[2];

	if (to_worker) {
		close(to_worker);
		close(from_worker);
	}
	if (pipe(there) || pipe(back))
		_exit(1);
	worker = fork();
	if (!worker)
		do_requests(there[0], back[1]);
	close(there[0]);
	close(back[1]);
	to_worker = there[1];
	from_worker = back[0];
}

static void work(unsigned long number, const char *verb, const char *file, const char *bytes,
		 size_t size)
{
	shared->reads = !strcmp(verb, "fetch");
	snprintf(shared->file, sizeof shared->file, "%s", file);
	memcpy(shared->bytes, bytes, size);
	shared->size = size;
	worked_on = number;
	if (write(to_worker, "", 1) != 1)
		_exit(1);
}

/* The worker is done with its request, or was killed doing it. */
static void worked(int killed)
{
	length = 0;
	if (killed)
		say("failed: SIGKILL\n");
	else if (shared->failure)
		say("failed: %s\n", strerror(shared->failure));
	else
		say("done\n");
	if (shared->reads && !killed && !shared->failure)
		say_lines("text", shared->text, shared->size);
	look();
	send_answer(worked_on);
	worked_on = 0;
}

static void serve(char *line)
{
	unsigned long number = strtoul(line, &line, 10);
	char *verb = strtok(line, " "), *file = strtok(NULL, " "), *bytes = strtok(NULL, " ");
	static char nothing[1];
	size_t size;

	if (!verb)
		return;
	if (!strcmp(verb, "again")) {
		send_answer(number);
		return;
	}
	unescape(file = file ? file : nothing);
	size = unescape(bytes = bytes ? bytes : nothing);
	if (!strcmp(verb, "write") || !strcmp(verb, "fetch")) {
		work(number, verb, file, bytes, size);
		return;
	}
	length = 0;
	if (!strcmp(verb, "observe")) {
		say("done\n");
		look();
	} else if (!strcmp(verb, "watch")) {
		if (watched_count < (int)(sizeof watched / sizeof *watched))
			watched[watched_count++] = strdup(file);
		say("done\n");
		look();
	} else if (!strcmp(verb, "list")) {
		walk(file, 1, say_writable);
	} else if (!strcmp(verb, "stacks")) {
		say_tasks();
		say_states();
		say_flags(strtoul(file, NULL, 10), strtoul(bytes, NULL, 10));
	}
	send_answer(number);
}

static void take(void)
{
	ssize_t more = read(port, request + requested, sizeof request - 1 - requested);
	char *line = request, *end;

	if (more <= 0)
		return;
	requested += more;
	request[requested] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		serve(line);
		line = end + 1;
	}
	requested = strlen(line);
	memmove(request, line, requested + 1);
	if (requested == sizeof request - 1)
		requested = 0;
}

/* Load the kernel modules of the archive, in the order of their names. */
static void load_modules(void)
{
	struct dirent **entries;
	int count = scandir("/modules", &entries, NULL, alphasort);

	for (int at = 0; at < count; at++) {
		char name[300];
		int file;

		snprintf(name, sizeof name, "/modules/%s", entries[at]->d_name);
		file = open(name, O_RDONLY | O_CLOEXEC);
		if (file < 0 || entries[at]->d_name[0] == '.')
			continue;
		if (syscall(SYS_finit_module, file, "", 0))
			dprintf(2, "%s: %s\n", name, strerror(errno));
		close(file);
	}
}

static void open_port(void)
{
	struct termios raw;

	port = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	tcgetattr(port, &raw);
	cfmakeraw(&raw);
	tcsetattr(port, TCSANOW, &raw);
}

static void open_uevents(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int size = 1 << 22;

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (uevents < 0)
		return;
	setsockopt(uevents, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (bind(uevents, (struct sockaddr *)&address, sizeof address)) {
		close(uevents);
		uevents = -1;
	}
}

/* One more than the highest number in a list such as 0-3. */
static int highest(const char *file)
{
	char text[64], *last = text;
	ssize_t size = read_file(file, text, sizeof text - 1);

	text[size < 0 ? 0 : size] = 0;
	for (char *at = text; *at; at++)
		if (*at == '-' || *at == ',')
			last = at + 1;
	return atoi(last) + 1;
}

int main(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	if (chdir("/sys/devices/system/memory"))
		return 1;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	load_modules();
	nodes = highest("../node/possible");
	open_port();
	open_uevents();
	start_worker();
	hello();
	look();
	send_answer(0);
	for (;;) {
		struct pollfd ready[] = {{.fd = port, .events = POLLIN},
					 {.fd = from_worker, .events = POLLIN}};
		char signal;

		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[0].revents)
			take();
		if (!ready[1].revents)
			continue;
		if (read(from_worker, &signal, 1) == 1) {
			worked(0);
			continue;
		}
		waitpid(worker, NULL, 0);
		start_worker();
		if (worked_on)
			worked(1);
	}
}
