"""Pages for people: sign-in, lists, generated forms, records with their history and decisions.

    pages                    the blueprint, and all that an application needs for pages: ``install``
    visit, cookies, csrf     who asks, and that nobody asks in another's name
    lists, lookup            many records
    record_pages, story      one record, its form, its timeline and decisions
    forms                    entity + record → form, with controls (data), live (conditions), posted (back), drafts
    uploads                  files of forms, and what opens them
    display                  value → what a person reads
    i18n                     languages

Server-rendered Jinja. htmx and a few small scripts make it quick; none is needed to use it. Every rule that a page
knows is asked again by the save.
"""

from __future__ import annotations

from dealwright.web.pages import install

__all__ = ["install"]
