"""Values that were entered are in the form of the page again, and nowhere else."""

import pytest

from ecoin.pages.form_filling import fill_form

PAGE = """<!DOCTYPE html>
<form action="/other" method="post"><input name="note" value=""></form>
<p>{{ form action="/here" }} &amp; <b>text</b></p>
<form method="post" action="/here?run=1"><input type="hidden" name="version" value="7">
<details class="li-note"><summary>Note</summary><textarea name="note" rows="1"
 maxlength="255">as it was</textarea></details>
<input name="reason" value="old"><input type="checkbox" name="ids" value="1" checked><input
 type="checkbox" name="ids" value="2"><input type="radio" name="scope" value="all" checked>
<select name="course"><option value="">–</option><option value="9" selected>PAO</option>
<option value="8">Bureau</option></select>
<button name="decision" value="link">Link</button></form>
<textarea name="note"></textarea>
"""  # fmt: skip


def test_without_a_form_of_that_address_there_is_nothing_to_fill():
    assert fill_form(PAGE, "/elsewhere", {"note": ["x"]}) is None


def test_a_form_without_values_stays_as_it_is_but_for_its_boxes():
    expected = PAGE.replace(' value="1" checked', ' value="1"')
    filled = fill_form(PAGE, "/here", {})
    assert filled is not None
    assert filled.split() == expected.split()


def test_text_choices_and_boxes_are_filled_and_what_hides_a_text_is_opened():
    filled = fill_form(
        PAGE, "/here",
        {"note": ['<script>"x"</script> & é'], "reason": ["parce que"], "ids": ["2"],
         "course": ["8"], "version": ["3"], "decision": ["link"]},
    )  # fmt: skip
    assert filled is not None
    head, form = filled.split('action="/here?run=1"')
    assert head == PAGE.split('action="/here?run=1"')[0]
    assert 'name="version" value="7"' in form
    assert "\n&lt;script&gt;&quot;x&quot;&lt;/script&gt; &amp; é</textarea>" in form
    assert "as it was" not in form
    assert '<details class="li-note" open>' in form
    assert '<input name="reason" value="parce que">' in form
    assert '<input type="checkbox" name="ids" value="1">' in form
    assert '<input type="checkbox" name="ids" value="2" checked>' in form
    assert '<option value="9">PAO</option>\n<option value="8" selected>' in form
    assert 'value="all" checked' in form  # nothing was sent of it
    assert form.endswith('<textarea name="note"></textarea>\n')


@pytest.mark.parametrize("text", ["", "deux\nlignes", "&lt;", "</textarea><b>"])
def test_a_text_is_shown_as_it_was_entered(text):
    from html.parser import HTMLParser

    filled = fill_form(PAGE, "/here", {"note": [text]}) or ""

    class Texts(HTMLParser):
        found, inside = "", 0

        def handle_starttag(self, tag, attrs):
            self.inside += tag == "textarea"

        def handle_endtag(self, tag):
            self.inside += 10 if tag == "textarea" else 0

        def handle_data(self, data):
            self.found += data if self.inside == 1 else ""

    reader = Texts()
    reader.feed(filled)
    assert reader.found == f"\n{text}"
