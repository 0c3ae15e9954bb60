"""Which functions a diff changes."""

from __future__ import annotations

import pytest

from zonediff.compare.series.patch import SeriesError, read_diff

HEADER = "--- a/mm/x.c\n+++ b/mm/x.c\n"


def functions(hunks: str, file: str = "mm/x.c") -> tuple[str, ...]:
    return read_diff(f"--- a/{file}\n+++ b/{file}\n{hunks}", "a test")[1]


def test_a_line_inside_belongs_to_the_function_of_the_header() -> None:
    assert functions("@@ -9,3 +9,3 @@ int add_memory(int nid)\n \ta\n-\tb\n+\tc\n \td\n") == (
        "add_memory",
    )


def test_the_function_above_a_hunk_is_not_changed_by_what_follows_it() -> None:
    hunk = """\
@@ -1,5 +1,4 @@ int above(int nid)
 \treturn 0;
 }
\x20
-int gone;
 int kept;
"""
    assert functions(hunk) == ()


def test_a_comment_in_the_first_column_is_outside() -> None:
    hunk = """\
@@ -1,4 +1,3 @@ print_block_size(struct device *dev, char *buf)
 static DEVICE_ATTR(block_size_bytes, 0444, print_block_size, NULL);
\x20
 /*
- * Memory auto online policy.
"""
    assert functions(hunk) == ()


def test_functions_removed_and_added_in_a_hunk() -> None:
    hunk = """\
@@ -1,7 +1,6 @@ static struct {
-static ssize_t
-show(struct device *dev,
-     char *buf)
-{
-\treturn 0;
-}
-
+struct page *find(int x)
+{
+out:
+\treturn NULL;
+}
+
"""
    assert functions(hunk) == ("show", "find")


def test_a_renamed_function_counts_under_both_names() -> None:
    hunk = "@@ -1,3 +1,3 @@\n-int one(void)\n+int two(void)\n {\n }\n"
    assert functions(hunk) == ("one", "two")


def test_labels_and_the_preprocessor_do_not_end_a_function() -> None:
    hunk = """\
@@ -1,4 +1,5 @@ int f(void)
 #ifdef CONFIG_X
 out:
 \ta;
+\tb;
 }
"""
    assert functions(hunk) == ("f",)


@pytest.mark.parametrize(
    "line",
    [
        "extern int add_memory(int nid, u64 start,",
        "int add_memory(int nid);",
        "EXPORT_SYMBOL_GPL(add_memory);",
        "static DEVICE_ATTR(state, 0644, show,",
        '__setup("x=", setup_x);',
        "#define twice(x) ((x) + (x))",
        "int count;",
    ],
)
def test_what_defines_no_function(line: str) -> None:
    assert functions(f"@@ -1,0 +1 @@\n+{line}\n") == ()


def test_a_system_call_is_a_function() -> None:
    hunk = "@@ -1,0 +1,3 @@\n+SYSCALL_DEFINE2(chmod, const char *, name, int, mode)\n+{\n+}\n"
    assert functions(hunk) == ("sys_chmod",)


def test_a_header_that_names_a_label_is_noted() -> None:
    diff = f"{HEADER}@@ -90,3 +90,3 @@ out:\n \ta\n-\tb\n+\tc\n \td\n"
    read = read_diff(diff, "a test")
    assert read.functions == ()
    assert read.notes == (
        "mm/x.c: which function changes at line 90 is not known: its hunk's header names a label",
    )


def test_only_c_has_functions() -> None:
    assert functions("@@ -1,0 +1 @@\n+int f(void)\n", "Documentation/x.txt") == ()


def test_files_with_their_lines() -> None:
    files, _, _ = read_diff(
        f"{HEADER}@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"
        "diff --git a/logo.png b/logo.png\nindex 1..2 100644\n"
        "Binary files a/logo.png and b/logo.png differ\n",
        "a test",
    )
    assert [(file.path, file.added, file.removed, file.binary) for file in files] == [
        ("mm/x.c", 2, 1, False),
        ("logo.png", 0, 0, True),
    ]


def test_a_wrapped_diff_is_damaged() -> None:
    with pytest.raises(SeriesError, match=r"^mail 7: its diff is damaged .* wrapped its lines$"):
        read_diff(f"{HEADER}@@ -1,2 +1,2 @@ int f(void)\n \ta long\nline\n-b\n+c\n", "mail 7")
