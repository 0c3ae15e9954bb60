# Makes a root of its own inside new namespaces, and runs a program there without any privilege.
# Arguments: ROOT, then groups of three (read|write|link FROM TO), then --, then the program.
set -e
root=$1
shift
mount --make-rprivate /
mount -t tmpfs -o size=16m,mode=755 tmpfs "$root"

show() { # FROM TO: bind a file or a folder
    if [ -d "$1" ]; then
        mkdir -p "$root$2"
    else
        mkdir -p "$root${2%/*}"
        : >"$root$2"
    fi
    mount --rbind "$1" "$root$2"
}

mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/old"
mount -t tmpfs -o size=1g,mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do
    case $1 in
    link) ln -s "$2" "$root$3" ;;
    write) show "$2" "$3" ;;
    read)
        show "$2" "$3"
        # Flags of the file system that a user namespace may not clear are set again.
        flags=$(findmnt -n -o OPTIONS --target "$2" 2>/dev/null |
            tr ',' '\n' | grep -x -e nosuid -e nodev -e noexec -e noatime -e relatime | tr '\n' ',')
        mount -o "remount,bind,${flags}ro" "$root$3"
        ;;
    esac
    shift 3
done
shift
for device in null zero full random urandom; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc proc "$root/proc"
cd "$root"
pivot_root . old
cd /tmp
umount -l /old
mount -o remount,ro /
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
