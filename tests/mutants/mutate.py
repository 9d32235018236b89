# SPDX-License-Identifier: Apache-2.0

"""Makes mutants of C source: the text of a file with one small mistake.

What is looked for depends on this project's style only in that a statement
ends with its line, which checkpatch sees to.  Kinds of mistakes:

    conjunct    One operand of && or || is as if it were not there.
    guard       An if without && and || that guards a single way out of its
                block (return, continue, break, goto) never takes it.
    write       A field of a struct is not written.
    count       A counter does not count.
    key         A field goes into a key as zero."""

import dataclasses
import re

WRITE = re.compile(r'^ +\*?[\w>.\[\]-]+(?:->|\.)\w+(?:\[[^\]]*\])? = [^;]*;$',
                   re.M)
COUNT = re.compile(r'^ +(?:[^=;\n]*(?:\+\+|--|[+-]= [^;\n]*)'
                   r'|\w*count\w*\([^;]*\));$', re.M)
GUARD = re.compile(r'^( +)(?:\} else )?if \(([^;{}]*)\) \{\n'
                   r'\s+(?:return|continue|break|goto)\b', re.M)
KEY = re.compile(r'^ +(?:key|\w+\.key)(?:->|\.)\w+ \|?= ([^;]*);$', re.M)
OPERATOR = re.compile(r'&&|\|\|')

# What the original becomes.  The names in it stay in use where the compiler
# would complain otherwise.
TRUE, FALSE = '((%s) || 1)', '((%s) && 0)'
ZERO, NOTHING = '(%s) * 0', ';/* %s */'


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    kind: str
    line: int
    original: str
    text: str                   # Of the whole file.

    def name(self):
        """Tells it from others as long as its line stays what it is."""
        return '%s %s: %s' % (self.path, self.kind,
                              ' '.join(self.original.split()))


def blank(source):
    """Source with comments, strings and preprocessor lines blanked out."""
    pattern = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])+\''
                         r'|^#(?:\\\n|[^\n])*', re.S | re.M)

    def spaces(match):
        return re.sub(r'[^\n]', ' ', match.group())
    return pattern.sub(spaces, source)


def operand(source, start, step):
    """The end of the operand of && or || from 'start' in direction 'step'."""
    opening, closing = '([{', ')]}'
    if step < 0:
        opening, closing = closing, opening
    depth, i = 0, start
    while 0 <= i < len(source):
        c = source[i]
        if c in opening:
            depth += 1
        elif c in closing:
            depth -= 1
            if depth < 0:
                break
        elif not depth and (
                c in ';?:' or source[i:i + 2] in ('&&', '||')
                or (step < 0 and source[i - 1:i + 1] in ('&&', '||'))
                or (step < 0 and re.match(r'return\b', source[i:]))
                or (step < 0 and source[i - 1:i + 2] == ' = ')):
            if step < 0 and re.match(r'return\b', source[i:]):
                i += len('return') - 1
            break
        i += step
    return i


def span(plain, start, end):
    """Without the blanks around it."""
    while plain[start].isspace():
        start += 1
    while plain[end - 1].isspace():
        end -= 1
    return start, end


def conjuncts(plain):
    seen = set()
    for match in OPERATOR.finditer(plain):
        form = TRUE if match.group() == '&&' else FALSE
        left = span(plain, operand(plain, match.start() - 1, -1) + 1,
                    match.start())
        right = span(plain, match.end(), operand(plain, match.end(), 1))
        for start, end in (left, right):
            if (start, end) not in seen:
                seen.add((start, end))
                yield 'conjunct', start, end, form


def guards(plain):
    for match in GUARD.finditer(plain):
        if not OPERATOR.search(match.group(2)):
            yield 'guard', match.start(2), match.end(2), FALSE


def statements(plain):
    keys = {match.start() for match in KEY.finditer(plain)}
    for match in KEY.finditer(plain):
        yield 'key', match.start(1), match.end(1), ZERO
    for kind, pattern in ('write', WRITE), ('count', COUNT):
        for match in pattern.finditer(plain):
            if match.start() not in keys:
                yield (kind, *span(plain, match.start(), match.end()), NOTHING)


def mutants(path, source):
    """All mutants of 'source', which is what the file 'path' has."""
    plain = blank(source)
    for find in conjuncts, guards, statements:
        for kind, start, end, form in find(plain):
            original = source[start:end]
            yield Mutant(path, kind, source.count('\n', 0, start) + 1,
                         original,
                         source[:start] + form % original + source[end:])
