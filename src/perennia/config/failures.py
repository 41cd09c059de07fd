"""What went wrong with the machine or the server, told so that an owner can act on it."""


class ServerError(Exception):
    """A refusal in three sentences: `what` could not be done, `why`, and the `remedy`.

    The command line prints it as it is; nothing here is a bug in Perennia.
    """

    def __init__(self, *, what: str, why: str, remedy: str) -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(what, why, remedy)

    def __str__(self) -> str:
        return f"{self.what}.\n  Why: {self.why}\n  What to do: {self.remedy}"
