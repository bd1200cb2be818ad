"""A rater in a browser of their own, as tests move them."""

import time

KEYS = {"left": "ArrowLeft", "right": "ArrowRight", "tie": "ArrowDown", "real": "ArrowLeft", "fake": "ArrowRight"}


class Rater:
    """A browser of one's own, and what was answered in it."""

    def __init__(self, chromium, server, width=1280, height=800, mishaps=(), query="", **options):
        self.context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        self.page = self.context.new_page()
        self.server, self.mishaps, self.wrong = server, mishaps, []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        self.page.set_default_timeout(10_000)
        self.given, self.place = {}, ""
        self.page.goto(f"{server}/{query}")

    def shown(self):
        """The section on show, once the page has nothing under way."""
        self.until("document.querySelector('main').getAttribute('aria-busy') === 'false'")
        return self.page.evaluate("document.querySelector('main > section:not([hidden])').id")

    def until(self, expression):
        end = time.monotonic() + 10
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"never: {expression}"
            time.sleep(0.01)

    def go_on(self):
        """Past one section without a question."""
        section = self.shown()
        self.page.locator(f"#{section} button.main").click()

    def trial(self):
        """The task and name of the next trial, pauses left behind; None at the end."""
        while (section := self.shown()) not in ("choice", "flash"):
            if section == "thanks":
                return None
            self.go_on()
        name = self.page.locator(f"#{section}").get_attribute("data-trial")
        self.place = name.split("-")[0]
        return section, name

    def vote(self, answer, by="mouse"):
        task, name = self.trial()
        self.given[name] = answer
        button = self.page.locator(f"#{task} [data-answer={answer}]")
        if by == "key":
            self.page.keyboard.press(KEYS[answer])
        elif by == "picture":
            button.locator("img").click()
        elif by == "touch":
            button.tap()
        elif by == "enter":
            button.focus()
            self.page.keyboard.press("Enter")
        else:
            button.click()
