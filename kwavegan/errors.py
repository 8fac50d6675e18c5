"""What the user can mend: one class of error, shown as one line and exit code 2."""


class InputError(ValueError):
    """Bad input: a file, an option or a combination that the user can change.

    The message is one line that names the file or option, says what is wrong and what to do.
    The command line prints it without a traceback and exits with code 2.
    """
