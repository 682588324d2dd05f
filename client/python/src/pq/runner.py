"""Runs one Python function over the "lo hi" lines of pq. Sent along with the function as pq_runner.py.

Standard library only, and readable by every Python 3: an old one must get as far as saying what is wrong.

    python3 -u pq_runner.py 3.11 sum
"""

import linecache
import numbers
import operator
import os
import pickle
import sys
import traceback

VALUE_BITS = 128


def end(text):
    """The last line of stderr is what people see of a failure."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
    os._exit(1)


def check_version(wanted):
    here = "%d.%d" % sys.version_info[:2]
    if here != wanted:
        end(
            "this agent's %s is Python %s, and the function was sent by Python %s: install python%s here and pass "
            'python="python%s", or submit from Python %s'
            % (sys.executable or "python3", here, wanted, wanted, wanted, here)
        )


def take_descriptors():
    """Answers and questions for pq alone: whatever the function prints goes to the log, and it reads nothing."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return questions, answers


def load(path):
    sys.path.insert(1, os.path.join(os.getcwd(), "modules"))
    try:
        with open(path, "rb") as file:
            function, sources = pickle.load(file)
    except ImportError as error:
        name = getattr(error, "name", None) or str(error)
        end(
            "the function needs the module %s, which %s of this agent does not have: install it here, or send your own "
            'with modules=["%s"] (%s)' % (name, sys.executable, name, error)
        )
    except Exception as error:
        end("the function cannot be unpickled by %s: %s" % (sys.executable, one_line(error)))
    for name, lines in sources.items():  # so that tracebacks show lines of files that are not here
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    return function


def one_line(error):
    return " ".join(("%s: %s" % (type(error).__name__, error)).split())


def to_text(value, name):
    """Exactly that value."""
    if isinstance(value, float):
        return finite(float.__repr__(value), name)
    try:
        integer = operator.index(value)
    except TypeError:
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
            return finite(repr(float(value)), name)  # of numpy, for example
        raise TypeError(
            "%s returned %.60r, of type %s: it must return an int or a float (or use fold='none')"
            % (name, value, type(value).__name__)
        ) from None
    if not -(1 << (VALUE_BITS - 1)) <= integer < 1 << (VALUE_BITS - 1):
        raise OverflowError("%s returned an integer of %d bits: values have up to 128" % (name, integer.bit_length()))
    return str(int(integer))


def finite(text, name):
    if text in ("inf", "-inf", "nan"):
        raise ValueError("%s returned %s: a value must be finite" % (name, text))
    return text


def tell_failure(error):
    traceback.print_exception(type(error), error, error.__traceback__.tb_next)
    if "\n" in str(error) or getattr(error, "__notes__", None) or isinstance(error, SyntaxError):
        sys.stderr.write(one_line(error) + "\n")
    sys.stderr.flush()


def echoes():
    """Whether answers begin with their question, so that none can be taken for another's.

    Agents of 0.1.0 do not read that.
    """
    return "PQ_AGENT" not in os.environ or os.environ.get("PQ_ANSWERS") == "echo"


def serve(function, questions, answers, wants_values):
    echo = echoes()
    name = getattr(function, "__name__", "the function")
    for line in questions:
        lo, hi = line.split()
        try:
            value = function(int(lo), int(hi))
        except BaseException as error:
            tell_failure(error)
            os._exit(1)
        try:
            answer = to_text(value, name) if wants_values else "done"
        except (OverflowError, TypeError, ValueError) as error:
            end(one_line(error))
        if echo:
            answer = "%s %s %s" % (lo.decode(), hi.decode(), answer)
        os.write(answers, answer.encode() + b"\n")


def main():
    check_version(sys.argv[1])
    questions, answers = take_descriptors()
    serve(load("function.pickle"), questions, answers, sys.argv[2] != "none")


if __name__ == "__main__":
    main()
