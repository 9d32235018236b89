# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # Shared variables.
#
# A part of quickstart: counting what ran.
#
# Each kind of tests has a title and a file in $logs/counts, called by it, with
# how many passed, failed, and were skipped, and a note.  The lines at the end
# of "quickstart check" are made of these and of nothing else, also when it has
# failed.

# In the order in which they are shown.
titles=("source files analysed"
        "unit tests" "autotests" "system tests" "differential cases"
        "sanitized unit tests" "sanitized autotests" "fuzz targets"
        "other steps")

forget_counts () {
    rm -rf "$logs/counts"
    mkdir -p "$logs/counts"
}

# count TITLE PASSED FAILED SKIPPED [NOTE]
count () {
    echo "$2 $3 $4 ${5:-}" > "$logs/counts/$1"
}

# What failed need not be a test.
count_failure () {
    cat "$logs"/counts/* 2> /dev/null |
        awk '{ failed += $2 } END { exit !failed }' || count "other steps" 0 1 0
}

# counted TITLE: prints "N passed, N failed, N skipped", and the note.
counted () {
    local passed failed skipped note
    read -r passed failed skipped note < "$logs/counts/$1"
    echo "$passed passed, $failed failed, $skipped skipped${note:+ ($note)}"
}

# Prints a line for each title, and a last one with the sums.
summary () {
    local title
    for title in "${titles[@]}"; do
        test -e "$logs/counts/$title" || continue
        printf '%-22s %s\n' "$title:" "$(counted "$title")"
    done
    cat "$logs"/counts/* 2> /dev/null | awk '
        { passed += $1; failed += $2; skipped += $3 }
        END { printf "%d passed, %d failed, %d skipped\n",
                     passed, failed, skipped }'
}

# count_unit_tests TITLE DIR: of the programs whose results are in DIR's
# log/unit-tests.  Those of libcheck say how many tests they ran; another one
# counts as one test.
count_unit_tests () {
    local title=$1 dir=$2 result program
    while read -r result program; do
        awk -v result="$result" '
            /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
                failed = $5 + $7
                passed = $3 - failed
                known = 1
            }
            END {
                if (!known) {
                    passed = result == "PASS:"
                    skipped = result == "SKIP:"
                    failed = !passed && !skipped
                } else if (result != "PASS:" && !failed) {
                    failed = 1
                }
                print passed + 0, failed + 0, skipped + 0
            }' "$dir/$program.log"
    done < <(grep '^\(PASS\|SKIP\|FAIL\|XPASS\|ERROR\): ' \
                 "$dir/log/unit-tests" | sort -u) |
        awk '{ passed += $1; failed += $2; skipped += $3 }
             END { print passed + 0, failed + 0, skipped + 0, NR " programs" }' \
        > "$logs/counts/$title"
}

# failed_autotests LOG: prints the numbers of those that failed.
failed_autotests () {
    sed -n 's/^ *\([0-9]*\): .* \(FAILED (.*)\|UNEXPECTED PASS\)$/\1/p' "$1" |
        tr '\n' ' '
}

# count_autotests TITLE LOG [AGAIN]: LOG is what the suite printed, and AGAIN
# what it printed when those that had failed ran once more.
count_autotests () {
    local title=$1 log=$2 again=${3:-/dev/null}
    awk 'match($0, /^ *[0-9]+: /) {
             number = substr($0, 1, RLENGTH) + 0
             if (/ ok$| expected failure \(.*\)$/) { result[number] = "passed" }
             if (/ skipped \(.*\)$/) { result[number] = "skipped" }
             if (/ FAILED \(.*\)$| UNEXPECTED PASS$/) {
                 result[number] = "failed"
                 if (FNR == NR) { again++ }
             }
         }
         END {
             for (number in result) { n[result[number]]++ }
             again -= n["failed"]
             note = (again > 0) ? again " only when run again" : ""
             printf "%d %d %d %s\n", n["passed"], n["failed"], n["skipped"],
                 note
         }' "$log" "$again" > "$logs/counts/$title"
}

# count_differential LOG
count_differential () {
    sed -n 's/^seed .*: \([0-9]*\) cases, \([0-9]*\) failed.*/\1 \2/p' "$1" |
        awk '{ print $1 - $2, $2, 0 }' > "$logs/counts/differential cases"
}

# count_fuzz_targets LOG: those that were skipped count, too.
count_fuzz_targets () {
    awk -v targets="$(ls "$top"/tests/fuzz/fuzz-*.c | wc -l)" '
        /^check-fuzz: skipped/ { skipped = targets }
        /^check-fuzz: .* FAILED/ { failed++ }
        /^  inputs: / { passed++; inputs += $2 }
        END { printf "%d %d %d %d inputs\n", passed, failed, skipped, inputs }
        ' "$1" > "$logs/counts/fuzz targets"
}

# count_analysed LOG
count_analysed () {
    sed -n 's/^\([0-9]*\) files, no finding$/\1 0 0/p' "$1" \
        > "$logs/counts/source files analysed"
}
